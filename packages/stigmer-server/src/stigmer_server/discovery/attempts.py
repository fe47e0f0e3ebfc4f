"""Attempts to connect to an MCP server: begun, started on Temporal, ended by a report. The newest one counts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from ulid import ULID

from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import enum_pb2
from stigmer_api.kinds import kind_by_key
from stigmer_api.temporal import AGENT_EXECUTION_QUEUE, MCP_CONNECT, McpConnect
from stigmer_server.executions.temporal import TemporalAway, TemporalRefused
from stigmer_server.executions.variables import Declared, missing_variables, resolve
from stigmer_server.resources.envelope import from_record, new_resource

if TYPE_CHECKING:
    from temporalio.client import Client

    from stigmer_server.executions.temporal import TemporalLink
    from stigmer_server.resources.controller import Controller
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork
    from stigmer_store import OutboxItem, Repository

__all__ = ["CONNECT", "Connector", "begin", "drop_attempt", "ended"]

CONNECT = "connect-mcp-server"
"""Start the workflow that connects the MCP server `key`; payload: JSON of the attempt."""

_KIND = kind_by_key("mcp_server")
_CONTEXT = kind_by_key("execution_context")
_FIRST_LOOK, _LONGEST_PAUSE = 0.05, 0.5


def begin(unit: UnitOfWork, server_id: str, values: Mapping[str, Any]) -> Resource:
    """Begin an attempt with these variables; an older one that is still under way no longer counts.

    Raises NotFound, and FailedPrecondition with every variable that the server needs and has not.
    """
    server = unit.require(_KIND, server_id)
    by = f"{_KIND.name} {server.metadata.slug}"
    resolved = resolve([Declared(by, server.spec.env)], [values])
    if resolved.missing:
        raise missing_variables(resolved.missing)
    drop_attempt(unit, server)
    attempt = str(ULID()).lower()
    status = server.status.connect_status
    status.Clear()
    status.phase = enum_pb2.connect_phase_connecting
    status.workflow_id = f"{MCP_CONNECT}/{attempt}"
    status.started_at.FromDatetime(unit.now)
    if resolved.variables:
        context = new_resource(_CONTEXT)
        context.metadata.id = _context_id(status.workflow_id)
        context.metadata.org = server.metadata.org
        context.spec.execution_id = status.workflow_id
        for name, variable in resolved.variables.items():
            context.spec.data[name].value = variable.value
            context.spec.data[name].is_secret = variable.is_secret
        unit.create(_CONTEXT, context)
    unit.save(_KIND, server)
    unit.enqueue(CONNECT, server_id, json.dumps({"attempt": status.workflow_id}).encode())
    return server


def drop_attempt(unit: UnitOfWork, server: Resource) -> None:
    """Forget the variables of the attempt that the server names."""
    attempt = server.status.connect_status.workflow_id
    if attempt and unit.find(_CONTEXT, _context_id(attempt)) is not None:
        unit.drop(_CONTEXT, _context_id(attempt))


async def ended(repository: Repository, server_id: str, attempt: str, seconds: float) -> Resource | None:
    """The server once this attempt has ended or was replaced; None when it is under way after `seconds`, or gone."""
    pause = _FIRST_LOOK
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        record = await repository.get(_KIND.key, server_id)
        if record is None:
            return None
        server = from_record(record)
        status = server.status.connect_status
        if status.workflow_id != attempt or status.phase != enum_pb2.connect_phase_connecting:
            return server
        if loop.time() + pause > deadline:
            return None
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


class Connector:
    """Delivers the topic CONNECT."""

    def __init__(self, controller: Controller, temporal: TemporalLink) -> None:
        self._controller = controller
        self._temporal = temporal

    async def deliver(self, item: OutboxItem) -> None:
        """Start the workflow of an attempt, unless a later one replaced it. Raises TemporalAway, TemporalRefused."""
        attempt = str(json.loads(item.payload)["attempt"])
        record = await self._controller.repository.get(_KIND.key, item.key)
        if record is None or from_record(record).status.connect_status.workflow_id != attempt:
            return

        async def work(client: Client) -> None:
            await client.start_workflow(
                MCP_CONNECT,
                McpConnect(item.key, attempt),
                id=attempt,
                task_queue=AGENT_EXECUTION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )

        try:
            await self._temporal.on_client(work)
        except WorkflowAlreadyStartedError:
            return
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # nothing but the namespace can be missing here
                raise TemporalAway(error.message) from error
            raise TemporalRefused(error.message) from error


def _context_id(attempt: str) -> str:
    """The id of the variables of an attempt: the same ULID, so that it is found without a search."""
    return f"{_CONTEXT.id_prefix}-{attempt.rpartition('/')[2]}"
