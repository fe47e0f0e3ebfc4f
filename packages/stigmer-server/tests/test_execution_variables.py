"""The variables of an execution: which value counts, what is missing, and where they are kept while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from server_testing import AGENT_SPEC, SOURCE, call, report, resource

from stigmer_api._pb.ai.stigmer.agentic.environment.v1.io_pb2 import EnvVarDeclaration
from stigmer_api._pb.ai.stigmer.agentic.environment.v1.spec_pb2 import EnvironmentValue
from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound
from stigmer_server.executions.variables import Declared, resolve
from stigmer_server.secrets.records import VALUES

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App

_NEEDS = {"TOKEN": {"is_secret": True, "description": "of the shop"}, "REGION": {}, "COLOR": {"optional": True}}


def _layer(**values: str) -> dict[str, EnvironmentValue]:
    """Values by name; a name that begins with S_ is secret."""
    return {name: EnvironmentValue(value=text, is_secret=name.startswith("S_")) for name, text in values.items()}


def _declared(**variables: EnvVarDeclaration) -> Declared:
    return Declared("agent greeter", variables)


def test_later_layers_go_before_earlier_ones() -> None:
    resolved = resolve([], [_layer(A="1", B="1", C="1"), _layer(B="2", C="2"), _layer(C="3")])
    assert {name: item.value for name, item in resolved.variables.items()} == {"A": "1", "B": "2", "C": "3"}


def test_what_is_secret_anywhere_is_secret_and_shows_in_no_repr() -> None:
    needs = _declared(A=EnvVarDeclaration(is_secret=True))
    secret = {"B": EnvironmentValue(value="x", is_secret=True)}
    resolved = resolve([needs], [_layer(A="hidden", B="hidden", C="open"), secret, _layer(B="hidden too")])
    assert {name: item.is_secret for name, item in resolved.variables.items()} == {"A": True, "B": True, "C": False}
    assert resolved.variables["B"].value == "hidden too"
    assert "hidden" not in repr(resolved)


def test_a_secret_without_value_hides_nothing_and_an_empty_plain_value_does() -> None:
    resolved = resolve([], [_layer(S_A="kept", B="gone"), _layer(S_A="", B="")])
    assert {name: item.value for name, item in resolved.variables.items()} == {"S_A": "kept", "B": ""}


def test_everything_that_is_needed_and_empty_is_missing_once() -> None:
    first = _declared(A=EnvVarDeclaration(description="first"), B=EnvVarDeclaration(optional=True))
    second = Declared("mcp", {"A": EnvVarDeclaration(description="second"), "C": EnvVarDeclaration()})
    resolved = resolve([first, second], [_layer(C="")])
    assert resolved.missing == (("A", "agent greeter", "first"), ("C", "mcp", ""))


async def _prepared(client: AsyncClient, kind: str, **data: Any) -> str:
    """An instance of a template that needs variables, with two environments; its id."""
    spec = {**AGENT_SPEC, "env": _NEEDS} if kind == "agent" else {"source": SOURCE, "env": _NEEDS}
    template = await client.call(kind, "create", resource(kind, "shop", spec))
    secret = {"TOKEN": {"value": "from-base", "is_secret": True}, "REGION": {"value": "base"}}
    await client.call("environment", "create", resource("environment", "base", {"data": secret}))
    await client.call("environment", "create", resource("environment", "special", {"data": data}))
    refs = [{"kind": "environment", "slug": slug, "org": "local"} for slug in ("base", "special")]
    body = {f"{kind}_id": template.metadata.id, "environment_refs": refs}
    instance = await client.call(f"{kind}_instance", "create", resource(f"{kind}_instance", "mine", body))
    return str(instance.metadata.id)


async def _run(client: AsyncClient, kind: str, instance_id: str, **runtime: Any) -> Any:
    spec: dict[str, Any] = {"runtime_env": runtime}
    if kind == "agent":
        session = await client.call("session", "create", resource("session", "", {"agent_instance_id": instance_id}))
        spec |= {"session_id": session.metadata.id, "message": "hello"}
    else:
        spec |= {"workflow_instance_id": instance_id}
    return await client.call(f"{kind}_execution", "create", resource(f"{kind}_execution", "run", spec))


async def _context(client: AsyncClient, execution: Any) -> Any:
    return await call(client, "execution_context", "getByExecutionId", execution_id=execution.metadata.id)


@pytest.mark.parametrize("kind", ["agent", "workflow"])
async def test_an_execution_gets_its_context_and_loses_it_when_it_ends(
    app: App, client: AsyncClient, kind: str
) -> None:
    instance_id = await _prepared(client, kind, REGION={"value": "special"}, SIZE={"value": "9"})
    execution = await _run(client, kind, instance_id, TOKEN={"value": "from-run"}, SIZE={"value": "1"})
    assert b"from-run" not in execution.SerializeToString()
    assert execution.spec.runtime_env["TOKEN"].is_secret
    context = await _context(client, execution)
    assert {name: item.value for name, item in context.spec.data.items()} == {
        "TOKEN": "from-run",
        "REGION": "special",
        "SIZE": "1",
    }
    assert [name for name, item in context.spec.data.items() if item.is_secret] == ["TOKEN"]
    shown = await call(client, "execution_context", "get", value=context.metadata.id)
    assert shown.spec.data["TOKEN"].value == ""
    assert b"from-run" not in (await app.repository.get("execution_context", context.metadata.id)).body  # type: ignore[union-attr]
    await report(client, execution, 1, phase="EXECUTION_IN_PROGRESS")
    await _context(client, execution)
    await report(client, execution, 2, phase="EXECUTION_COMPLETED")
    with pytest.raises(NotFound):
        await _context(client, execution)
    assert await app.repository.get(VALUES, context.metadata.id) is None


async def test_every_missing_variable_is_named_before_anything_is_made(app: App, client: AsyncClient) -> None:
    spec = {"source": SOURCE, "env": {**_NEEDS, "ALSO": {}}}
    workflow = await client.call("workflow", "create", resource("workflow", "shop", spec))
    revision = await app.repository.revision()
    body = {"workflow_id": workflow.metadata.id, "runtime_env": {"REGION": {"value": "eu"}}}
    with pytest.raises(FailedPrecondition) as refused:
        await client.call("workflow_execution", "create", resource("workflow_execution", "run", body))
    assert refused.value.reason == "VARIABLES_MISSING"
    assert [item.field for item in refused.value.violations] == [
        'spec.runtime_env["ALSO"]',
        'spec.runtime_env["TOKEN"]',
    ]
    assert "of the shop" in refused.value.violations[1].description
    assert await app.repository.revision() == revision


async def test_what_the_mcp_servers_of_an_agent_need_is_asked_for_too(client: AsyncClient) -> None:
    server = {"stdio": {"command": "true"}, "env": {"GITHUB_TOKEN": {"is_secret": True}}}
    await client.call("mcp_server", "create", resource("mcp_server", "github", server))
    usage = [{"mcp_server_ref": {"kind": "mcp_server", "slug": "github", "org": "local"}}]
    agent = await client.call("agent", "create", resource("agent", "coder", {**AGENT_SPEC, "mcp_server_usages": usage}))
    body = {"agent_id": agent.metadata.id, "message": "hello"}
    with pytest.raises(FailedPrecondition, match="GITHUB_TOKEN"):
        await client.call("agent_execution", "create", resource("agent_execution", "run", body))
    body["runtime_env"] = {"GITHUB_TOKEN": {"value": "t0ken"}}
    execution = await client.call("agent_execution", "create", resource("agent_execution", "run", body))
    assert (await _context(client, execution)).spec.data["GITHUB_TOKEN"].is_secret


async def test_without_variables_there_is_no_context(client: AsyncClient) -> None:
    workflow = await client.call("workflow", "create", resource("workflow", "plain", {"source": SOURCE}))
    body = {"workflow_id": workflow.metadata.id}
    execution = await client.call("workflow_execution", "create", resource("workflow_execution", "run", body))
    with pytest.raises(NotFound):
        await _context(client, execution)


async def test_an_environment_that_was_deleted_is_named(client: AsyncClient) -> None:
    instance_id = await _prepared(client, "workflow")
    special = await call(client, "environment", "getByReference", slug="special")
    await call(client, "environment", "delete", resource_id=special.metadata.id, force=True)
    with pytest.raises(FailedPrecondition, match="special") as refused:
        await _run(client, "workflow", instance_id)
    assert refused.value.reason == "ENVIRONMENT_MISSING"


async def test_the_secrets_of_an_execution_cannot_change(client: AsyncClient) -> None:
    instance_id = await _prepared(client, "workflow")
    execution = await _run(client, "workflow", instance_id, KEY={"value": "one", "is_secret": True})
    repeated = resource("workflow_execution", "", {"workflow_instance_id": instance_id}, id=execution.metadata.id)
    repeated.spec.runtime_env["KEY"].value = "one"
    repeated.spec.runtime_env["KEY"].is_secret = True
    assert (await client.call("workflow_execution", "update", repeated)).metadata.id == execution.metadata.id
    repeated.spec.runtime_env["KEY"].value = "two"
    with pytest.raises(InvalidArgument, match="KEY"):
        await client.call("workflow_execution", "update", repeated)


async def test_a_recovered_execution_gets_its_variables_back(client: AsyncClient) -> None:
    instance_id = await _prepared(client, "workflow")
    execution = await _run(client, "workflow", instance_id, TOKEN={"value": "from-run"})
    await report(client, execution, 1, phase="EXECUTION_FAILED")
    await call(client, "workflow_execution", "recover", id=execution.metadata.id)
    assert (await _context(client, execution)).spec.data["TOKEN"].value == "from-run"
