"""Deletions with dependents and force, and dry runs of everything that writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc.aio
import pytest
from server_testing import (
    AGENT_SPEC,
    call,
    make_agent,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    report,
    request,
    resource,
)

from stigmer_api.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    from_rpc_error,
)
from stigmer_api.methods import method
from stigmer_api.temporal import encode_callback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App

    Sending = Callable[..., Awaitable[Any]]

TERMINATED = 8
FORCE = {"stigmer-force": "true"}
DRY = {"stigmer-dry-run": "true"}


@pytest.fixture
async def send(app: App) -> AsyncIterator[Sending]:
    """Call a method with metadata of its own: `await send("agent", "delete", message, {"stigmer-force": "true"})`."""
    async with grpc.aio.insecure_channel(app.address) as channel:

        async def call_with(kind: str, verb: str, message: Any, metadata: dict[str, str]) -> Any:
            rpc = method(kind, verb)
            stub: Any = channel.unary_unary(
                rpc.path,
                request_serializer=rpc.request.SerializeToString,
                response_deserializer=rpc.response.FromString,
            )
            headers = (("authorization", f"Bearer {app.token}"), *metadata.items())
            try:
                return await stub(message, metadata=headers, timeout=20)
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from error

        yield call_with


async def _instance(client: AsyncClient, agent: Any, name: str) -> Any:
    spec = {"agent_id": agent.metadata.id}
    return await client.call("agent_instance", "create", resource("agent_instance", name, spec))


async def test_an_agent_with_dependents_is_refused_naming_all_of_them(app: App, client: AsyncClient) -> None:
    agent = await make_agent(client)
    await _instance(client, agent, "prod-greeter")
    run = await make_agent_execution(client, agent.metadata.id)
    revision = await app.repository.revision()
    with pytest.raises(FailedPrecondition) as refused:
        await call(client, "agent", "delete", value=agent.metadata.id)
    for name in (run.metadata.id, "prod-greeter"):
        assert name in refused.value.message
    assert "greeter-default" not in refused.value.message, "the default instance goes along"
    assert refused.value.reason == "EXECUTION_UNFINISHED"
    await report(client, run, 1, phase="EXECUTION_COMPLETED")
    with pytest.raises(FailedPrecondition) as refused:
        await call(client, "agent", "delete", value=agent.metadata.id)
    assert (refused.value.reason, refused.value.metadata["running"]) == ("HAS_DEPENDENTS", "")
    assert refused.value.metadata["dependents"] == "AgentInstance prod-greeter", "a session is none"
    assert await app.repository.revision() == revision + 1, "nothing but the report was written"


async def test_an_agent_whose_turns_are_over_is_deleted_and_its_conversations_stay_as_a_record(
    client: AsyncClient,
) -> None:
    agent = await make_agent(client)
    run = await make_agent_execution(client, agent.metadata.id)
    session = run.spec.session_id
    await report(client, run, 1, phase="EXECUTION_COMPLETED")
    await call(client, "agent", "delete", value=agent.metadata.id)
    with pytest.raises(NotFound):
        await call(client, "agent_instance", "get", value=agent.status.default_instance_id)
    assert (await call(client, "session", "get", value=session)).spec.subject == "hello"
    assert (await call(client, "agent_execution", "get", value=run.metadata.id)).status.phase == 3
    turns = await call(client, "agent_execution", "listBySession", session_id=session)
    assert [turn.metadata.id for turn in turns.entries] == [run.metadata.id]
    another = resource("agent_execution", "next", {"session_id": session, "message": "again"})
    with pytest.raises(InvalidArgument, match="was deleted"):
        await client.call("agent_execution", "create", another)
    with pytest.raises(FailedPrecondition, match="it is completed"):
        await call(client, "agent_execution", "recover", id=run.metadata.id)

    again = await make_agent(client)
    assert again.metadata.id != agent.metadata.id
    listed = await call(client, "session", "listByAgentInstance", agent_instance_id=again.status.default_instance_id)
    assert not listed.entries, "what was said to the old one belongs to nobody else"
    await call(client, "session", "delete", value=session)
    with pytest.raises(NotFound):
        await call(client, "agent_execution", "get", value=run.metadata.id)


async def test_a_failed_turn_of_a_deleted_agent_cannot_be_recovered(client: AsyncClient) -> None:
    agent = await make_agent(client)
    run = await make_agent_execution(client, agent.metadata.id)
    await report(client, run, 1, phase="EXECUTION_FAILED")
    await call(client, "agent", "delete", value=agent.metadata.id)
    with pytest.raises(NotFound, match=agent.metadata.id):
        await call(client, "agent_execution", "recover", id=run.metadata.id)
    assert (await call(client, "agent_execution", "get", value=run.metadata.id)).status.phase == 4


async def test_an_instance_waits_for_its_own_turns_only(client: AsyncClient, send: Sending) -> None:
    agent = await make_agent(client)
    instances = [await _instance(client, agent, name) for name in ("one", "two")]
    runs = [
        await make_agent_execution(client, agent.metadata.id, session_spec={"agent_instance_id": each.metadata.id})
        for each in instances
    ]
    await report(client, runs[0], 1, phase="EXECUTION_COMPLETED")
    one, two = (request("agent_instance", "delete", value=each.metadata.id) for each in instances)
    await client.call("agent_instance", "delete", one)
    with pytest.raises(FailedPrecondition, match=runs[1].metadata.id):
        await client.call("agent_instance", "delete", two)
    await send("agent_instance", "delete", two, FORCE)
    ended = await call(client, "agent_execution", "get", value=runs[1].metadata.id)
    assert (ended.status.phase, ended.status.error) == (TERMINATED, "deleted by force")


async def test_force_ends_what_runs_and_takes_the_rest_in_one_transaction(
    app: App, client: AsyncClient, send: Sending
) -> None:
    agent = await make_agent(client)
    instance = await _instance(client, agent, "prod-greeter")
    run = await make_agent_execution(client, agent.metadata.id, callback_token=_token())
    before = await app.repository.revision()
    await send("agent", "delete", request("agent", "delete", value=agent.metadata.id), FORCE)
    assert await app.repository.revision() == before + 1
    changes = await app.repository.changes(before, 100)
    assert sorted((change.kind, change.operation.value) for change in changes) == [
        ("agent", "deleted"),
        ("agent_execution", "updated"),
        ("agent_instance", "deleted"),
        ("agent_instance", "deleted"),
    ]
    with pytest.raises(NotFound):
        await call(client, "agent_instance", "get", value=instance.metadata.id)
    ended = await call(client, "agent_execution", "get", value=run.metadata.id)
    assert (ended.status.phase, ended.status.error) == (TERMINATED, "deleted by force")
    topics = await _topics(app)
    assert topics[-2:] == ["terminate-execution", "child-finished"], "its workflow is ended and its parent told"


def _token() -> str:
    import base64

    return base64.b64encode(encode_callback("a-parent")).decode()


async def _topics(app: App) -> list[str]:
    from datetime import UTC, datetime, timedelta

    items = await app.repository.due_outbox(100, datetime.now(UTC) + timedelta(days=1))
    return [item.topic for item in sorted(items, key=lambda item: item.id)]


async def test_finished_executions_of_a_workflow_stay_as_a_record(client: AsyncClient) -> None:
    workflow = await make_workflow(client)
    run = await make_workflow_execution(client, workflow.metadata.id)
    with pytest.raises(FailedPrecondition, match=run.metadata.id):
        await call(client, "workflow", "delete", value=workflow.metadata.id)
    await report(client, run, 1, phase="EXECUTION_COMPLETED")
    await call(client, "workflow", "delete", value=workflow.metadata.id)
    assert (await call(client, "workflow_execution", "get", value=run.metadata.id)).status.phase == 3


async def test_force_ends_the_running_executions_of_a_workflow(client: AsyncClient, send: Sending) -> None:
    workflow = await make_workflow(client)
    run = await make_workflow_execution(client, workflow.metadata.id)
    await send("workflow", "delete", request("workflow", "delete", value=workflow.metadata.id), FORCE)
    ended = await call(client, "workflow_execution", "get", value=run.metadata.id)
    assert (ended.status.phase, ended.status.error) == (6, "deleted by force")


async def test_a_session_takes_its_finished_turns_along_and_waits_for_the_others(client: AsyncClient) -> None:
    agent = await make_agent(client)
    run = await make_agent_execution(client, agent.metadata.id)
    with pytest.raises(FailedPrecondition, match=run.metadata.id):
        await call(client, "session", "delete", value=run.spec.session_id)
    await report(client, run, 1, phase="EXECUTION_FAILED")
    await call(client, "session", "delete", value=run.spec.session_id)
    with pytest.raises(NotFound):
        await call(client, "agent_execution", "get", value=run.metadata.id)
    await call(client, "agent", "delete", value=agent.metadata.id)


async def test_an_execution_takes_its_context_along_and_force_ends_it(client: AsyncClient, send: Sending) -> None:
    workflow = await make_workflow(client)
    run = await make_workflow_execution(client, workflow.metadata.id)
    spec = {"execution_id": run.metadata.id}
    context = await client.call("execution_context", "create", resource("execution_context", "", spec))
    delete = request("workflow_execution", "delete", value=run.metadata.id)
    with pytest.raises(FailedPrecondition, match="still runs"):
        await client.call("workflow_execution", "delete", delete)
    await send("workflow_execution", "delete", delete, FORCE)
    with pytest.raises(NotFound):
        await call(client, "execution_context", "get", value=context.metadata.id)


async def test_a_dry_run_answers_with_the_would_be_result_and_writes_nothing(
    app: App, client: AsyncClient, send: Sending
) -> None:
    would_be = await send("agent", "create", resource("agent", "greeter", AGENT_SPEC), DRY)
    assert would_be.metadata.id
    assert would_be.status.default_instance_id
    assert await app.repository.revision() == 0
    stored = await make_agent(client)
    changed = resource("agent", "greeter", {**AGENT_SPEC, "description": "new"})
    assert (await send("agent", "apply", changed, DRY)).spec.description == "new"
    assert (await send("agent", "update", changed, DRY)).metadata.revision == stored.metadata.revision + 1
    assert await send("agent", "apply", resource("agent", "greeter", AGENT_SPEC), DRY) == stored, "unchanged"
    deleted = await send("agent", "delete", request("agent", "delete", value=stored.metadata.id), DRY)
    assert deleted == stored == await call(client, "agent", "get", value=stored.metadata.id)
    spec = {"agent_id": stored.metadata.id, "message": "hello"}
    await send("agent_execution", "create", resource("agent_execution", "run", spec), DRY)
    assert await app.repository.revision() == stored.metadata.revision
    assert await _topics(app) == []


async def test_a_dry_run_may_name_what_would_be_there_by_then(app: App, client: AsyncClient, send: Sending) -> None:
    spec = {"agent_id": "greeter", "description": "an instance"}
    instance = resource("agent_instance", "mine", spec)
    with pytest.raises(NotFound):
        await send("agent_instance", "apply", instance, DRY)
    after = {**DRY, "stigmer-dry-run-after": "environment/local/keys,agent/local/greeter"}
    assert (await send("agent_instance", "apply", instance, after)).spec.agent_id == "greeter"
    with pytest.raises(NotFound):
        await send("agent_instance", "apply", resource("agent_instance", "mine", {"agent_id": "other"}), after)
    for wrong in ({"stigmer-dry-run-after": "agent/local/greeter"}, {**DRY, "stigmer-dry-run-after": "greeter"}):
        with pytest.raises(InvalidArgument, match="stigmer-dry-run-after"):
            await send("agent_instance", "apply", instance, wrong)
    assert await app.repository.revision() == 0


async def test_a_dry_run_refuses_what_the_real_one_refuses(client: AsyncClient, send: Sending) -> None:
    stored = await make_agent(client)
    run = await make_agent_execution(client, stored.metadata.id)
    with pytest.raises(AlreadyExists):
        await send("agent", "create", resource("agent", "greeter", AGENT_SPEC), DRY)
    with pytest.raises(InvalidArgument):
        await send("agent", "apply", resource("agent", "other", {}), DRY)
    stale = resource("agent", "greeter", AGENT_SPEC, revision=99)
    with pytest.raises(Conflict):
        await send("agent", "update", stale, DRY)
    delete = request("agent", "delete", value=stored.metadata.id)
    with pytest.raises(FailedPrecondition, match=run.metadata.id):
        await send("agent", "delete", delete, DRY)
    await send("agent", "delete", delete, {**DRY, **FORCE})
    await call(client, "agent", "get", value=stored.metadata.id)


@pytest.mark.parametrize(
    ("verb", "metadata", "words"),
    [
        ("cancel", DRY, "cancel cannot be tried"),
        ("get", {"stigmer-dry-run": "yes"}, "must be true or false"),
        ("delete", {"stigmer-force": "1"}, "must be true or false"),
    ],
)
async def test_options_that_cannot_be_followed_are_refused(
    send: Sending, verb: str, metadata: dict[str, str], words: str
) -> None:
    message = method("agent_execution", verb).request()
    with pytest.raises(InvalidArgument, match=words):
        await send("agent_execution", verb, message, metadata)
