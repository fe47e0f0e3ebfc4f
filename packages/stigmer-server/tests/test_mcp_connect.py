"""Connecting MCP servers: attempts, reports, pins, quarantine, and what happens to the variables."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from server_testing import call, eventually, resource
from temporalio.client import Client
from temporalio.service import RPCError

from stigmer_api.client import AsyncClient
from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from stigmer_api.methods import MCP_DISCOVERY_SERVICE
from stigmer_server.app import App
from stigmer_server.discovery import attempts

SPEC = {"stdio": {"command": "notes-server"}, "env": {"TOKEN": {"is_secret": True}, "PLACE": {"optional": True}}}
VALUES = {"TOKEN": {"value": "top-secret-value"}}


async def _server(client: AsyncClient, **spec: Any) -> Any:
    return await client.call("mcp_server", "apply", resource("mcp_server", "notes", {**SPEC, **spec}))


async def _begin(client: AsyncClient, server: Any, **fields: Any) -> Any:
    fields = {"runtime_env": VALUES, "org": "local", **fields}
    return await call(client, "mcp_server", "startConnect", mcp_server_id=server.metadata.id, **fields)


async def _report(client: AsyncClient, begun: Any, *tools: tuple[str, str], **fields: Any) -> bool:
    hints = {"drop": {"destructiveHint": True}, "peek": {"destructiveHint": True, "readOnlyHint": True}}
    answer = await call(
        client,
        MCP_DISCOVERY_SERVICE,
        "ReportDiscovery",
        mcp_server_id=begun.metadata.id,
        workflow_id=begun.status.connect_status.workflow_id,
        tools=[{"name": name, "digest": digest, "annotations": hints.get(name, {})} for name, digest in tools],
        **fields,
    )
    return bool(answer.accepted)


async def _stored(client: AsyncClient, server: Any) -> Any:
    return await call(client, "mcp_server", "get", value=server.metadata.id)


async def _variables(client: AsyncClient, begun: Any) -> dict[str, str]:
    attempt = begun.status.connect_status.workflow_id
    found = await call(client, "execution_context", "getByExecutionId", execution_id=attempt)
    return {name: item.value for name, item in found.spec.data.items()}


async def test_an_attempt_keeps_its_variables_sealed_until_its_report_pins_the_tools(client: AsyncClient) -> None:
    server = await _server(client)

    begun = await _begin(client, server)
    seen = await _variables(client, begun)
    accepted = await _report(client, begun, ("note", "aa"), ("drop", "bb"), ("peek", "cc"))

    status = (await _stored(client, server)).status
    assert begun.status.connect_status.phase == 1
    assert seen == {"TOKEN": "top-secret-value"}
    assert accepted
    assert (status.connect_status.phase, status.validation_state) == (2, 1)
    assert {tool.name: tool.digest for tool in status.discovered_capabilities.tools} == {
        "note": "aa",
        "drop": "bb",
        "peek": "cc",
    }
    assert [(item.tool_name, item.from_destructive_hint) for item in status.tool_approvals] == [("drop", True)]
    with pytest.raises(NotFound):
        await _variables(client, begun)


async def test_a_failed_attempt_says_why_and_keeps_the_pins_of_the_one_before(client: AsyncClient) -> None:
    server = await _server(client)
    await _report(client, await _begin(client, server), ("note", "aa"))

    await _report(client, await _begin(client, server), failure_code="mcp_start_failed", failure_message="no luck")

    status = (await _stored(client, server)).status
    assert (status.connect_status.phase, status.connect_status.failure_message) == (3, "no luck")
    assert (status.validation_state, status.validation_message) == (2, "no luck")
    assert [tool.digest for tool in status.discovered_capabilities.tools] == ["aa"]


async def test_a_report_of_an_attempt_that_was_replaced_changes_nothing(client: AsyncClient) -> None:
    server = await _server(client)
    first = await _begin(client, server)
    second = await _begin(client, server)

    assert not await _report(client, first, ("old", "aa"))
    assert await _report(client, second, ("new", "bb"))
    assert not await _report(client, second, ("again", "cc"))

    tools = (await _stored(client, server)).status.discovered_capabilities.tools
    assert [tool.name for tool in tools] == ["new"]
    with pytest.raises(NotFound):
        await _variables(client, first)


async def test_a_quarantine_lasts_until_the_next_connect_and_holds_only_for_the_pins_it_was_judged_by(
    client: AsyncClient,
) -> None:
    server = await _server(client)
    await _report(client, await _begin(client, server), ("note", "aa"))

    async def quarantine(pin: str) -> Any:
        fields = {"mcp_server_id": server.metadata.id, "tools": ["note"], "pins": {"note": pin}}
        await call(client, MCP_DISCOVERY_SERVICE, "Quarantine", **fields)
        return (await _stored(client, server)).status

    assert not (await quarantine("an older pin")).quarantined_tools
    closed = await quarantine("aa")
    await _report(client, await _begin(client, server), ("note", "bb"))
    opened = (await _stored(client, server)).status

    assert list(closed.quarantined_tools) == ["note"]
    assert closed.validation_state == 2
    assert "note changed" in closed.validation_message
    assert not opened.quarantined_tools
    assert opened.validation_state == 1


async def test_a_server_that_is_reached_in_another_way_is_forgotten_and_one_with_a_new_text_is_not(
    client: AsyncClient,
) -> None:
    server = await _server(client)
    await _report(client, await _begin(client, server), ("note", "aa"))

    described = await _server(client, description="keeps notes")
    moved = await _server(client, stdio={"command": "other-server"})

    assert described.status.discovered_capabilities.tools
    assert not moved.status.discovered_capabilities.tools
    assert moved.status.connect_status.phase == 0


async def test_connecting_needs_the_declared_variables_the_right_org_and_a_server(client: AsyncClient) -> None:
    server = await _server(client)
    with pytest.raises(FailedPrecondition, match="TOKEN"):
        await _begin(client, server, runtime_env={})
    with pytest.raises(InvalidArgument, match="org"):
        await _begin(client, server, org="elsewhere")
    with pytest.raises(NotFound):
        await call(client, "mcp_server", "startConnect", mcp_server_id="mcp-none", org="local")
    with pytest.raises(InvalidArgument, match="stdio or http"):
        await client.call("mcp_server", "create", resource("mcp_server", "nothing", {"description": "x"}))


async def test_connect_says_at_once_that_no_runner_is_there(client: AsyncClient) -> None:
    server = await _server(client)

    with pytest.raises(Unavailable) as caught:
        await call(client, "mcp_server", "connect", mcp_server_id=server.metadata.id, org="local", runtime_env=VALUES)

    assert caught.value.reason == "NO_AGENT_RUNNER"
    assert (await _stored(client, server)).status.connect_status.phase == 0


async def test_deleting_a_server_takes_the_variables_of_its_attempt_along(client: AsyncClient) -> None:
    server = await _server(client)
    begun = await _begin(client, server)

    await call(client, "mcp_server", "delete", resource_id=server.metadata.id)

    with pytest.raises(NotFound):
        await _variables(client, begun)


async def test_an_attempt_starts_its_workflow_and_no_value_is_in_it(temporal: Any, serving: Callable[..., Any]) -> None:
    await temporal.ready()
    async with (
        serving(temporal_address=temporal.address) as app,
        AsyncClient(app.address, app.token) as client,
    ):
        begun = await _begin(client, await _server(client))
        history = await _history(temporal.address, begun.status.connect_status.workflow_id)

    assert begun.metadata.id in history
    assert "top-secret-value" not in history


async def _history(address: str, workflow_id: str) -> str:
    client = await Client.connect(address)

    async def probe() -> str:
        try:
            history = await client.get_workflow_handle(workflow_id).fetch_history()
            return "".join(event.SerializeToString().decode("latin-1") for event in history.events)
        except RPCError:
            return ""

    return str(await eventually(probe, "the workflow starts"))


async def test_connect_waits_for_the_report(app: App, client: AsyncClient) -> None:
    server = await _server(client)
    begun = await _begin(client, server)
    waiting = asyncio.create_task(
        attempts.ended(app.repository, server.metadata.id, begun.status.connect_status.workflow_id, 20)
    )
    await _report(client, begun, ("note", "aa"))

    found = await waiting

    assert found is not None
    assert found.status.connect_status.phase == 2
