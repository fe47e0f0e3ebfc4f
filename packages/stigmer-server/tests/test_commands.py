"""What the generic commands promise beyond storing: idempotence, concurrency, references, atomicity, clear refusals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import (
    AGENT_SPEC,
    SOURCE,
    call,
    make_agent,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    resource,
)

from stigmer_api.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidArgument, NotFound
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App


async def test_a_stale_revision_is_refused_and_the_newest_one_accepted(client: AsyncClient) -> None:
    first = await make_agent(client)
    first.spec.description = "one"
    second = await client.call("agent", "update", first)
    first.spec.description = "two"
    with pytest.raises(Conflict) as refused:
        await client.call("agent", "update", first)
    assert refused.value.reason == "REVISION_STALE"
    assert refused.value.metadata["revision"] == str(second.metadata.revision)
    with pytest.raises(Conflict):
        await client.call("agent", "apply", first)
    second.spec.description = "three"
    assert (await client.call("agent", "update", second)).spec.description == "three"


async def test_an_update_without_revision_is_the_last_writer(client: AsyncClient) -> None:
    stored = await make_agent(client)
    for text in ("one", "two"):
        stored.metadata.revision = 0
        stored.spec.description = text
        await client.call("agent", "update", stored)
    assert (await call(client, "agent", "get", value=stored.metadata.id)).spec.description == "two"


async def test_a_create_with_a_known_request_id_answers_with_the_first(app: App, client: AsyncClient) -> None:
    agent = await make_agent(client)
    message = resource(
        "agent_execution", "run", {"agent_id": agent.metadata.id, "message": "hello"}, request_id="parent-frame-1"
    )
    first = await client.call("agent_execution", "create", message)
    assert await client.call("agent_execution", "create", message) == first
    assert (await app.repository.list(ListQuery(kinds=("session",)))).total == 1


async def test_a_taken_slug_is_already_exists_with_the_holder(client: AsyncClient) -> None:
    stored = await make_agent(client)
    with pytest.raises(AlreadyExists) as refused:
        await make_agent(client, "Greeter")
    assert refused.value.metadata["id"] == stored.metadata.id
    elsewhere = await make_agent(client, "greeter", org="other")
    assert elsewhere.metadata.slug == "greeter"


async def test_many_applies_at_once_make_one_resource(app: App, client: AsyncClient) -> None:
    message = resource("agent", "greeter", AGENT_SPEC)
    answers = await asyncio.gather(*(client.call("agent", "apply", message) for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert await app.repository.revision() == 1


async def test_of_many_creates_at_once_one_wins(client: AsyncClient) -> None:
    results = await asyncio.gather(*(make_agent(client) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, AlreadyExists) for result in results) == 19


async def test_executions_of_one_name_get_slugs_of_their_own(client: AsyncClient) -> None:
    agent = await make_agent(client)
    one = await make_agent_execution(client, agent.metadata.id)
    two = await make_agent_execution(client, agent.metadata.id)
    assert one.metadata.name == two.metadata.name == "run"
    assert one.metadata.slug != two.metadata.slug


async def test_status_and_audit_sent_by_a_client_are_ignored(client: AsyncClient) -> None:
    message = resource("agent", "greeter", AGENT_SPEC)
    message.status.default_instance_id = "ain-forged"
    message.status.audit.spec_audit.created_by.id = "somebody"
    stored = await client.call("agent", "create", message)
    assert stored.status.default_instance_id.startswith("ain-0")
    assert stored.status.audit.spec_audit.created_by.id == "local"


@pytest.mark.parametrize(
    ("kind", "name", "given", "field"),
    [
        ("agent", "", (AGENT_SPEC, {}), "metadata.name"),
        ("agent", "1st agent", (AGENT_SPEC, {}), "metadata.name"),
        ("agent", "???", (AGENT_SPEC, {}), "metadata.name"),
        ("agent", "greeter", (AGENT_SPEC, {"slug": "Not A Slug"}), "metadata.slug"),
        ("agent", "greeter", (AGENT_SPEC, {"slug": "a" * 64}), "metadata.slug"),
        ("agent", "greeter", (AGENT_SPEC, {"org": "No Org"}), "metadata.org"),
        ("agent", "greeter", (AGENT_SPEC, {"id": "agt-1"}), "metadata.id"),
        ("agent", "greeter", ({}, {}), "spec.instructions"),
        ("agent_instance", "one", ({}, {}), "spec.agent_id"),
        ("session", "one", ({}, {}), "spec.agent_instance_id"),
        ("agent_execution", "run", ({"message": "hello"}, {}), "spec.session_id"),
        ("workflow_execution", "run", ({}, {}), "spec.workflow_id"),
        ("workflow", "flow", ({}, {}), "spec"),
    ],
)
async def test_a_bad_resource_is_refused_naming_the_field_and_nothing_is_written(
    app: App, client: AsyncClient, kind: str, name: str, given: tuple[dict[str, Any], dict[str, Any]], field: str
) -> None:
    spec, metadata = given
    with pytest.raises(InvalidArgument) as refused:
        await client.call(kind, "create", resource(kind, name, spec, **metadata))
    assert field in [item.field for item in refused.value.violations]
    assert await app.repository.revision() == 0


async def test_a_character_that_no_database_keeps_is_an_invalid_argument(app: App, client: AsyncClient) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await client.call("agent", "create", resource("agent", "gree\0ter", AGENT_SPEC))
    assert refused.value.reason == "VALUE_NOT_STORABLE"
    assert [item.field for item in refused.value.violations] == ["metadata.name"]
    with pytest.raises(NotFound):
        await call(client, "agent", "get", value="agt-\0" + "x" * 5000)
    assert await app.repository.revision() == 0


async def test_all_violations_are_told_at_once(client: AsyncClient) -> None:
    message = resource("agent", "greeter", {"instructions": "short", "sub_agents": [{"instructions": "short"}]})
    with pytest.raises(InvalidArgument) as refused:
        await client.call("agent", "create", message)
    fields = [item.field for item in refused.value.violations]
    assert {"spec.instructions", "spec.sub_agents[0].instructions", "spec.sub_agents[0].name"} <= set(fields)


async def test_a_missing_name_comes_with_near_matches(client: AsyncClient) -> None:
    await make_agent(client, "greeter")
    await make_agent(client, "translator")
    with pytest.raises(NotFound) as refused:
        await call(client, "agent", "getByReference", slug="greter")
    assert refused.value.metadata["suggestions"] == "greeter"
    assert "did you mean greeter?" in refused.value.message


async def test_a_missing_reference_comes_with_near_matches_and_nothing_is_written(
    app: App, client: AsyncClient
) -> None:
    await make_agent(client)
    revision = await app.repository.revision()
    with pytest.raises(NotFound) as refused:
        await client.call(
            "agent_execution", "create", resource("agent_execution", "x", {"agent_id": "greter", "message": "a"})
        )
    assert refused.value.reason == "REFERENCE_NOT_FOUND"
    assert refused.value.metadata["suggestions"] == "greeter"
    assert [item.field for item in refused.value.violations] == ["spec.agent_id"]
    assert await app.repository.revision() == revision


async def test_an_id_of_another_kind_is_named_as_such(client: AsyncClient) -> None:
    agent = await make_agent(client)
    with pytest.raises(NotFound, match="is the id of an Agent, not of a Session"):
        await call(client, "session", "get", value=agent.metadata.id)


async def test_every_named_reference_of_a_spec_is_checked(client: AsyncClient) -> None:
    spec = {
        **AGENT_SPEC,
        "mcp_server_usages": [{"mcp_server_ref": {"slug": "no-server"}}],
        "skill_refs": [{"slug": "no-skill", "kind": "agent"}],
    }
    with pytest.raises(InvalidArgument) as refused:
        await client.call("agent", "create", resource("agent", "greeter", spec))
    assert [item.field for item in refused.value.violations] == [
        "spec.skill_refs[0].kind",
        "spec.mcp_server_usages[0].mcp_server_ref",
    ]


async def test_a_reference_that_vanished_does_not_keep_its_holder_from_changing(client: AsyncClient) -> None:
    environment = await client.call("environment", "create", resource("environment", "prod"))
    agent = await make_agent(client)
    spec = {"agent_id": agent.metadata.id, "environment_refs": [{"slug": "prod"}]}
    instance = await client.call("agent_instance", "create", resource("agent_instance", "prod-greeter", spec))
    await call(client, "environment", "delete", resource_id=environment.metadata.id)
    instance.spec.description = "still here"
    assert (await client.call("agent_instance", "update", instance)).spec.description == "still here"


async def test_references_by_slug_are_stored_as_ids(client: AsyncClient) -> None:
    agent = await make_agent(client)
    session = await client.call(
        "session", "apply", resource("session", "chat", {"agent_instance_id": "greeter-default"})
    )
    assert session.spec.agent_instance_id == agent.status.default_instance_id


@pytest.mark.parametrize(
    ("kind", "instance", "spec"),
    [("agent", "agent_instance", AGENT_SPEC), ("workflow", "workflow_instance", {"source": SOURCE})],
)
async def test_a_template_and_its_default_instance_come_and_go_together(
    app: App, client: AsyncClient, kind: str, instance: str, spec: dict[str, Any]
) -> None:
    stored = await client.call(kind, "apply", resource(kind, "My Thing", spec))
    found = await call(client, instance, "get", value=stored.status.default_instance_id)
    assert (found.metadata.name, found.metadata.slug) == ("My Thing-default", "my-thing-default")
    assert found.metadata.revision == stored.metadata.revision, "one transaction"
    changes = await app.repository.changes(0, 100)
    assert [change.kind for change in changes if "." not in change.kind] == [kind, instance], "beside the version"
    await call(client, kind, "delete", value=stored.metadata.id)
    with pytest.raises(NotFound):
        await call(client, instance, "get", value=found.metadata.id)
    again = await client.call(kind, "apply", resource(kind, "My Thing", spec))
    assert again.metadata.id != stored.metadata.id


async def test_a_default_instance_that_cannot_be_made_undoes_its_agent(app: App, client: AsyncClient) -> None:
    other = await make_agent(client, "other")
    spec = {"agent_id": other.metadata.id}
    squatter = await client.call("agent_instance", "create", resource("agent_instance", "greeter-default", spec))
    revision = await app.repository.revision()
    with pytest.raises(AlreadyExists) as refused:
        await make_agent(client)
    assert refused.value.metadata["id"] == squatter.metadata.id
    assert await app.repository.find_by_slug("agent", "local", "greeter") is None
    assert await app.repository.revision() == revision


async def test_an_execution_that_names_only_the_agent_gets_a_session_in_the_same_transaction(
    app: App, client: AsyncClient
) -> None:
    agent = await make_agent(client)
    execution = await make_agent_execution(client, "greeter")
    session = await call(client, "session", "get", value=execution.spec.session_id)
    assert session.metadata.revision == execution.metadata.revision
    assert session.spec.agent_instance_id == agent.status.default_instance_id
    assert session.spec.subject == "hello"
    assert execution.spec.agent_id == agent.metadata.id
    follow_up = await client.call(
        "agent_execution",
        "create",
        resource("agent_execution", "", {"session_id": session.metadata.id, "message": "b"}),
    )
    assert follow_up.spec.agent_id == agent.metadata.id
    listed = await call(client, "agent_execution", "listBySession", session_id=session.metadata.id)
    assert [item.metadata.id for item in listed.entries] == [follow_up.metadata.id, execution.metadata.id]


async def test_a_deleted_default_instance_is_made_again_when_it_is_needed(client: AsyncClient) -> None:
    agent = await make_agent(client)
    await call(client, "agent_instance", "delete", value=agent.status.default_instance_id)
    execution = await make_agent_execution(client, agent.metadata.id)
    renewed = await call(client, "agent", "get", value=agent.metadata.id)
    assert renewed.status.default_instance_id != agent.status.default_instance_id
    session = await call(client, "session", "get", value=execution.spec.session_id)
    assert session.spec.agent_instance_id == renewed.status.default_instance_id


async def test_a_workflow_execution_knows_workflow_instance_and_definition(client: AsyncClient) -> None:
    workflow = await make_workflow(client)
    by_workflow = await make_workflow_execution(client, "hello")
    assert by_workflow.spec.workflow_instance_id == workflow.status.default_instance_id
    spec = {"workflow_instance_id": workflow.status.default_instance_id}
    by_instance = await client.call("workflow_execution", "create", resource("workflow_execution", "x", spec))
    assert by_instance.spec.workflow_id == workflow.metadata.id
    assert by_instance.status.workflow_version_hash == workflow.status.version_hash != ""


async def test_the_spec_of_an_execution_cannot_change(client: AsyncClient) -> None:
    agent = await make_agent(client)
    execution = await make_agent_execution(client, agent.metadata.id)
    repeated = resource("agent_execution", "renamed", {"agent_id": agent.metadata.id, "message": "hello"})
    repeated.metadata.id = execution.metadata.id
    assert (await client.call("agent_execution", "update", repeated)).spec == execution.spec
    repeated.spec.message = "something else"
    with pytest.raises(InvalidArgument, match=r"spec\.message"):
        await client.call("agent_execution", "update", repeated)


async def test_a_session_of_another_agent_is_refused(client: AsyncClient) -> None:
    one, two = await make_agent(client, "one"), await make_agent(client, "two")
    execution = await make_agent_execution(client, one.metadata.id)
    spec = {"session_id": execution.spec.session_id, "agent_id": two.metadata.id, "message": "hello"}
    with pytest.raises(InvalidArgument, match=r"spec\.agent_id"):
        await client.call("agent_execution", "create", resource("agent_execution", "x", spec))


async def test_pages_by_token_and_by_number_cover_everything_once(client: AsyncClient) -> None:
    agent = await make_agent(client)
    made = [(await make_agent_execution(client, agent.metadata.id)).metadata.id for _ in range(5)]
    seen: list[str] = []
    token = ""
    while True:
        page = await call(client, "agent_execution", "list", page_size=2, page_token=token)
        assert page.total_pages == 3
        seen += [item.metadata.id for item in page.entries]
        token = page.next_page_token
        if not token:
            break
    assert seen == made[::-1]
    numbered: list[str] = []
    for number in (1, 2, 3):
        page = await call(
            client, "agent_instance", "getByAgent", agent_id=agent.metadata.id, page_info={"num": number, "size": 1}
        )
        assert page.total_count == 1
        numbered += [item.metadata.id for item in page.items]
    assert numbered == [agent.status.default_instance_id]


async def test_a_page_token_of_another_list_is_refused(client: AsyncClient) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await call(client, "agent_execution", "list", page_token="made up")
    assert refused.value.reason == "PAGE_TOKEN_INVALID"


async def test_lists_filter_by_phase_and_tags(client: AsyncClient) -> None:
    agent = await make_agent(client)
    plain = await make_agent_execution(client, agent.metadata.id)
    spec = {"agent_id": agent.metadata.id, "message": "hello"}
    tagged = await client.call("agent_execution", "create", resource("agent_execution", "x", spec, tags=["blue"]))
    found = await call(client, "agent_execution", "list", tags=["blue"])
    assert [item.metadata.id for item in found.entries] == [tagged.metadata.id]
    await call(client, "agent_execution", "terminate", id=plain.metadata.id)
    found = await call(client, "agent_execution", "list", phase="EXECUTION_PENDING")
    assert [item.metadata.id for item in found.entries] == [tagged.metadata.id]


async def test_search_finds_by_name_slug_and_description_best_first(client: AsyncClient) -> None:
    await make_agent(client, "greeter")
    await client.call(
        "agent", "create", resource("agent", "helper", {**AGENT_SPEC, "description": "Helps the greeter"})
    )
    await make_workflow(client, "greeter-flow")
    search = "ai.stigmer.search.v1.SearchService"
    found = await call(client, search, "search", query="greet", org="local")
    slugs = [entry.slug for entry in found.entries]
    assert set(slugs) == {"greeter", "greeter-default", "greeter-flow", "greeter-flow-default", "helper"}
    assert slugs[-1] == "helper", "a description counts least"
    agents = await call(client, search, "search", kinds=["agent"], org="local", page={"num": 2, "size": 1})
    assert (agents.total_count, agents.total_pages, len(agents.entries)) == (2, 2, 1)
    assert agents.counts_by_kind == {"agent": 2}
    assert (await call(client, search, "search", query="greeter", org="elsewhere")).total_count == 0


async def test_a_running_execution_is_not_deleted(client: AsyncClient) -> None:
    agent = await make_agent(client)
    execution = await make_agent_execution(client, agent.metadata.id)
    with pytest.raises(FailedPrecondition, match="still runs"):
        await call(client, "agent_execution", "delete", value=execution.metadata.id)
