"""Builders and small waits that several test modules share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import ParseDict

from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_api.messages import message_class
from stigmer_api.methods import method

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stigmer_api.client import AsyncClient

WAIT_SECONDS = 20.0
"""Bound of every wait: far above what anything here takes."""

AGENT_SPEC = {"instructions": "You greet people politely and note their name."}
SOURCE = """\
document: {dsl: '1.0.0', namespace: examples, name: hello, version: '0.1.0'}
do:
  - greet:
      set: {message: hello}
"""


def resource(kind_key: str, name: str = "", spec: dict[str, Any] | None = None, **metadata: Any) -> Any:
    """A resource message of a kind."""
    kind = kind_by_key(kind_key)
    content = {
        "api_version": API_VERSION,
        "kind": kind.name,
        "metadata": {"name": name, **metadata},
        "spec": spec or {},
    }
    return ParseDict(content, kind.message())


def request(target: str, verb: str, **fields: Any) -> Any:
    """The request message of a method with these fields."""
    return ParseDict(fields, method(target, verb).request())


async def call(client: AsyncClient, target: str, verb: str, **fields: Any) -> Any:
    """Call a unary method with these request fields."""
    return await client.call(target, verb, request(target, verb, **fields))


async def make_agent(client: AsyncClient, name: str = "greeter", **metadata: Any) -> Any:
    """A stored agent."""
    return await client.call("agent", "create", resource("agent", name, AGENT_SPEC, **metadata))


async def make_workflow(client: AsyncClient, name: str = "hello", **metadata: Any) -> Any:
    """A stored workflow."""
    return await client.call("workflow", "create", resource("workflow", name, {"source": SOURCE}, **metadata))


async def make_agent_execution(client: AsyncClient, agent_id: str, **spec: Any) -> Any:
    """A stored execution of an agent."""
    message = resource("agent_execution", "run", {"agent_id": agent_id, "message": "hello", **spec})
    return await client.call("agent_execution", "create", message)


async def make_workflow_execution(client: AsyncClient, workflow_id: str, **spec: Any) -> Any:
    """A stored execution of a workflow."""
    message = resource("workflow_execution", "run", {"workflow_id": workflow_id, **spec})
    return await client.call("workflow_execution", "create", message)


async def report(client: AsyncClient, execution: Any, sequence: int = 0, **fields: Any) -> Any:
    """Send a status report; `events` goes beside the status, everything else into it."""
    key = "agent_execution" if execution.kind == "AgentExecution" else "workflow_execution"
    events = {"events": fields.pop("events")} if "events" in fields else {}
    return await call(
        client, key, "updateStatus", execution_id=execution.metadata.id, sequence=sequence, status=fields, **events
    )


async def eventually(probe: Callable[[], Awaitable[Any]], what: str) -> Any:
    """The first true answer of `probe`; fails after WAIT_SECONDS."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            answer = await probe()
            if answer:
                return answer
            await asyncio.sleep(0.02)  # between two looks at another process, within the bound above
    raise AssertionError(what)


def empty(full_name: str) -> Any:
    """An empty message."""
    return message_class(full_name)()
