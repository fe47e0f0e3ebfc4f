"""McpServer: how tools of another process are reached, and what was found there when it was last connected."""

from __future__ import annotations

from typing import Any

from stigmer_api.errors import DeadlineExceeded, FieldViolation, Unavailable
from stigmer_api.kinds import kind_by_key
from stigmer_api.temporal import AGENT_EXECUTION_QUEUE
from stigmer_server.discovery.attempts import begin, drop_attempt, ended
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("mcp_server")
_WAIT_SECONDS = 60.0
"""How long connect waits: longer than a runner needs for a server that does not answer."""


class McpServerStrategy(ResourceStrategy):
    """A server that is reached in another way is another server: what was found, and the pins with it, is forgotten."""

    def check(self, resource: Resource) -> list[FieldViolation]:
        if resource.spec.WhichOneof("server_type") is None:
            return [FieldViolation("spec", "says how the server is reached: give stdio or http")]
        return []

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        old, new = stored.spec, resource.spec
        if (
            old.stdio == new.stdio
            and old.http == new.http
            and old.WhichOneof("server_type") == new.WhichOneof("server_type")
        ):
            return
        drop_attempt(unit, resource)
        for field in (
            "discovered_capabilities",
            "tool_approvals",
            "connect_status",
            "quarantined_tools",
            "validation_state",
            "validation_message",
        ):
            resource.status.ClearField(field)

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        drop_attempt(unit, resource)


async def start_connect(services: Services, request: Any) -> Resource:
    """Begin to connect, and answer at once: status.connect_status tells how it goes."""
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        server = unit.require(_KIND, request.mcp_server_id)
        if server.metadata.org != request.org:
            raise violation("org", f"is {request.org!r}, but the server is of org {server.metadata.org!r}")
        return begin(unit, request.mcp_server_id, request.runtime_env)

    return await services.controller.run(work)


async def connect(services: Services, request: Any) -> Resource:
    """Connect and answer when it is over, however it went.

    UNAVAILABLE when no agent runner is there to do it, DEADLINE_EXCEEDED when none takes it up in time.
    """
    require_valid(request)
    await services.controller.get(_KIND, request.mcp_server_id)
    await _require_runner(services)
    begun = await start_connect(services, request)
    attempt = begun.status.connect_status.workflow_id
    server = await ended(services.repository, request.mcp_server_id, attempt, _WAIT_SECONDS)
    if server is not None:
        return server
    if await services.repository.get(_KIND.key, request.mcp_server_id) is None:
        raise await services.controller.missing(_KIND, request.mcp_server_id, "")
    raise DeadlineExceeded(
        f"no agent runner has connected {begun.metadata.slug!r} within {_WAIT_SECONDS:g} s; it goes on when one runs"
        " (stigmer-ctl status), and status.connect_status of the MCP server tells the result",
        metadata={"id": request.mcp_server_id},
    )


async def _require_runner(services: Services) -> None:
    found = await services.temporal.probe()
    if found.reachable and (found.pollers or {}).get(AGENT_EXECUTION_QUEUE):
        return
    problem = "no agent runner is running" if found.reachable else f"Temporal is away: {found.error}"
    raise Unavailable(
        f"{problem}, and only an agent runner can connect to MCP servers; see stigmer-ctl status."
        " startConnect does not wait",
        reason="NO_AGENT_RUNNER",
    )


REGISTRATION = Registration(_KIND, McpServerStrategy(), unary={"connect": connect, "startConnect": start_connect})
