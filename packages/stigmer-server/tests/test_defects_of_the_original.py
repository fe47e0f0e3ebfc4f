"""What Stigmer's original server did wrong and no other test is about; docs/server-checks.md has the whole list."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import (
    AGENT_SPEC,
    call,
    make_agent,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    report,
    resource,
)

from stigmer_api.errors import AlreadyExists, InvalidArgument

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient


async def test_a_create_with_an_id_that_is_taken_overwrites_nothing(client: AsyncClient) -> None:
    stored = await make_agent(client)
    other = resource("agent", "other", {"instructions": "You do something else."}, id=stored.metadata.id)
    with pytest.raises(AlreadyExists):
        await client.call("agent", "create", other)
    assert await call(client, "agent", "get", value=stored.metadata.id) == stored


async def test_a_name_with_capitals_and_spaces_is_deleted_with_its_default_instance_and_made_again(
    client: AsyncClient,
) -> None:
    for _ in range(2):
        agent = await make_agent(client, "Code Review Helper")
        instance = await call(client, "agent_instance", "get", value=agent.status.default_instance_id)
        assert (agent.metadata.slug, instance.metadata.slug) == ("code-review-helper", "code-review-helper-default")
        await call(client, "agent", "delete", value=agent.metadata.id)


async def test_runs_of_one_agent_at_once_get_a_session_each(client: AsyncClient) -> None:
    agent = await make_agent(client)
    runs = await asyncio.gather(*(make_agent_execution(client, agent.metadata.id) for _ in range(20)))
    assert len({run.spec.session_id for run in runs}) == 20


async def test_every_list_has_what_it_is_about(client: AsyncClient) -> None:
    agent, workflow = await make_agent(client), await make_workflow(client)
    turn = await make_agent_execution(client, agent.metadata.id)
    run = await make_workflow_execution(client, workflow.metadata.id)
    default, session = agent.status.default_instance_id, turn.spec.session_id

    async def ids(kind: str, verb: str, **fields: Any) -> list[str]:
        answer = await call(client, kind, verb, **fields)
        found = answer.entries if "entries" in answer.DESCRIPTOR.fields_by_name else answer.items
        return [item.metadata.id for item in found]

    assert await ids("agent_execution", "list") == [turn.metadata.id]
    assert await ids("agent_execution", "listBySession", session_id=session) == [turn.metadata.id]
    assert await ids("agent_instance", "list", org="local") == [default]
    assert await ids("agent_instance", "getByAgent", agent_id=agent.metadata.id) == [default]
    assert await ids("session", "list") == [session]
    assert await ids("session", "listByAgentInstance", agent_instance_id=default) == [session]
    assert await ids("workflow_execution", "list") == [run.metadata.id]
    assert await ids("workflow_execution", "listByWorkflow", workflow_id=workflow.metadata.id) == [run.metadata.id]
    instances = await ids("workflow_instance", "getByWorkflow", workflow_id=workflow.metadata.id)
    assert instances == [workflow.status.default_instance_id]


async def test_an_instance_takes_environments_and_nothing_else(client: AsyncClient) -> None:
    agent = await make_agent(client)
    await client.call("environment", "create", resource("environment", "prod"))

    def with_kind(kind: str) -> Any:
        reference = {"slug": "prod", "kind": kind}
        spec = {"agent_id": agent.metadata.id, "environment_refs": [reference]}
        return resource("agent_instance", "mine", spec)

    with pytest.raises(InvalidArgument, match="environment_refs"):
        await client.call("agent_instance", "create", with_kind("workflow_execution"))
    made = await client.call("agent_instance", "create", with_kind("environment"))
    assert [reference.slug for reference in made.spec.environment_refs] == ["prod"]


async def test_a_failure_keeps_the_transcript_and_says_why_and_when(client: AsyncClient) -> None:
    agent = await make_agent(client)
    run = await make_agent_execution(client, agent.metadata.id)
    said = [{"id": "m1", "content": "hello"}, {"id": "m2", "content": "one moment"}]
    await report(client, run, 1, phase="EXECUTION_IN_PROGRESS", messages=said)
    failed = await report(client, run, 2, phase="EXECUTION_FAILED", error="the model is away")
    stored = await call(client, "agent_execution", "get", value=run.metadata.id)
    assert failed is not None
    assert [message.content for message in stored.status.messages] == ["hello", "one moment"]
    assert stored.status.error == "the model is away"
    assert stored.status.completed_at


async def test_an_unchanged_apply_moves_neither_revision_nor_audit(client: AsyncClient) -> None:
    stored = await make_agent(client)
    assert await client.call("agent", "apply", resource("agent", "greeter", AGENT_SPEC)) == stored
