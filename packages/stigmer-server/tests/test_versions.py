"""Versions of workflows: what makes one, how it is found again, tags that move, and what a deletion leaves."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import SOURCE, call, make_workflow, make_workflow_execution, resource

from stigmer_api.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App

TASKS: dict[str, Any] = {
    "document": {"dsl": "1.0.0", "namespace": "a", "name": "b", "version": "1.0.0"},
    "tasks": [{"name": "one", "kind": "set_vars", "task_config": {"variables": {"a": "1", "z": "é"}}}],
}


def flow(word: str, **metadata: Any) -> Any:
    return resource("workflow", "hello", {"source": SOURCE.replace("message: hello", f"message: {word}")}, **metadata)


async def apply(client: AsyncClient, word: str, **metadata: Any) -> Any:
    return await client.call("workflow", "apply", flow(word, **metadata))


async def entries(client: AsyncClient, **fields: Any) -> Any:
    return await call(client, "workflow", "listVersions", **{"org": "local", "slug": "hello", **fields})


async def of_version(client: AsyncClient, version: str) -> Any:
    return await call(client, "workflow", "getByReference", slug="hello", version=version)


async def tag(client: AsyncClient, workflow: Any, name: str) -> Any:
    return await call(
        client,
        "workflow",
        "tagVersion",
        workflow_id=workflow.metadata.id,
        version_hash=workflow.status.version_hash,
        tag=name,
    )


async def stored_versions(app: App) -> int:
    from stigmer_store import ListQuery

    return (await app.repository.list(ListQuery(kinds=("workflow.version",)))).total


async def test_the_hash_is_the_documented_one(client: AsyncClient) -> None:
    workflow = await client.call("workflow", "apply", resource("workflow", "tasks", TASKS))
    text = json.dumps(TASKS, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert workflow.status.version_hash == hashlib.sha256(text.encode()).hexdigest()


async def test_every_new_spec_is_a_version_and_the_same_spec_is_none(app: App, client: AsyncClient) -> None:
    one = await apply(client, "one", version={"message": "first"})
    assert one.metadata.version.id == one.status.version_hash
    again = await apply(client, "one", labels={})
    assert again.metadata.revision == one.metadata.revision
    two = await apply(client, "two", version={"message": "second"})
    assert two.metadata.version.previous_version_id == one.status.version_hash
    labelled = await apply(client, "two", labels={"team": "a"})
    assert labelled.status.version_hash == two.status.version_hash
    listed = await entries(client)
    assert [(item.message, item.is_current, item.version_hash) for item in listed.versions] == [
        ("second", True, two.status.version_hash),
        ("first", False, one.status.version_hash),
    ]
    assert listed.total_count == 2
    assert {item.applied_by.id for item in listed.versions} == {"local"}
    assert listed.versions[0].applied_at.ToDatetime() > listed.versions[1].applied_at.ToDatetime()
    assert "message: one" in listed.versions[1].validated_yaml


async def test_a_change_of_words_is_a_version_too(client: AsyncClient) -> None:
    workflow = await make_workflow(client)
    first = workflow.status.version_hash
    workflow.spec.description = "words"
    workflow.metadata.revision = 0
    assert (await client.call("workflow", "apply", workflow)).status.version_hash != first


async def test_going_back_to_an_old_spec_makes_its_version_the_current_one(client: AsyncClient) -> None:
    one = await apply(client, "one", version={"message": "first", "tag": "good"})
    await apply(client, "two")
    back = await apply(client, "one")
    assert back.status.version_hash == one.status.version_hash
    assert (back.metadata.version.message, back.metadata.version.tag) == ("first", "good")
    assert [item.is_current for item in (await entries(client)).versions] == [False, True]


async def test_what_was_read_can_be_changed_and_applied_without_moving_its_tag(client: AsyncClient) -> None:
    one = await apply(client, "one", version={"message": "first", "tag": "stable"})
    one.spec.source = SOURCE
    two = await client.call("workflow", "apply", one)
    assert (two.metadata.version.message, two.metadata.version.tag) == ("", "")
    assert "message: one" in (await of_version(client, "stable")).spec.source


async def test_versions_are_read_by_latest_tag_and_hash(client: AsyncClient) -> None:
    one = await apply(client, "one", version={"tag": "v1.0"})
    two = await apply(client, "two", labels={"team": "a"})
    for version, word in (
        ("", "two"),
        ("latest", "two"),
        ("v1.0", "one"),
        (one.status.version_hash, "one"),
        (two.status.version_hash, "two"),
    ):
        found = await of_version(client, version)
        assert f"message: {word}" in found.spec.source
        assert found.metadata.id == one.metadata.id
        assert found.metadata.labels["team"] == "a"
        assert found.metadata.revision == two.metadata.revision
        assert found.status.default_instance_id == one.status.default_instance_id
    old = await of_version(client, "v1.0")
    assert old.status.version_hash == old.metadata.version.id == one.status.version_hash
    restored = await client.call("workflow", "apply", old)
    assert restored.status.version_hash == one.status.version_hash


async def test_one_version_is_read_by_its_hash(client: AsyncClient) -> None:
    one = await apply(client, "one", version={"message": "first"})
    await apply(client, "two")
    fields = {"workflow_id": one.metadata.id, "version_hash": one.status.version_hash}
    entry = await call(client, "workflow", "getVersion", **fields)
    assert (entry.message, entry.is_current) == ("first", False)
    with pytest.raises(NotFound) as missing:
        await call(client, "workflow", "getVersion", **{**fields, "version_hash": "0" * 64})
    assert missing.value.reason == "VERSION_NOT_FOUND"
    with pytest.raises(NotFound):
        await call(client, "workflow", "getVersion", **{**fields, "workflow_id": "wfl-nothing"})
    with pytest.raises(InvalidArgument):
        await call(client, "workflow", "getVersion", **{**fields, "version_hash": "xyz"})


async def test_a_tag_moves_and_a_version_may_have_several(app: App, client: AsyncClient) -> None:
    one = await apply(client, "one")
    two = await apply(client, "two")
    assert (await tag(client, one, "stable")).metadata.version.tag == ""
    await tag(client, one, "v1")
    assert "message: one" in (await of_version(client, "stable")).spec.source
    moved = await tag(client, two, "stable")
    assert moved.metadata.version.tag == "stable"
    assert [item.tag for item in (await entries(client)).versions] == ["stable", "v1"]
    revision = await app.repository.revision()
    await tag(client, two, "stable")
    assert await app.repository.revision() == revision
    assert (await tag(client, one, "stable")).metadata.version.tag == ""
    stored = await call(client, "workflow", "get", value=one.metadata.id)
    assert stored.metadata.version.tag == ""
    assert (await of_version(client, "v1")).status.version_hash == one.status.version_hash


@pytest.mark.parametrize("name", ["", "latest", "a" * 64, "a b", "ä", "../x", "x" * 129])
async def test_what_cannot_be_a_tag_is_refused(client: AsyncClient, name: str) -> None:
    workflow = await apply(client, "one")
    with pytest.raises(InvalidArgument) as refused:
        await tag(client, workflow, name)
    assert {item.field for item in refused.value.violations} == {"tag"}
    if name:
        with pytest.raises(InvalidArgument, match=r"metadata\.version\.tag"):
            await apply(client, "two", version={"tag": name})


async def test_an_unknown_version_is_not_found_with_near_tags(client: AsyncClient) -> None:
    await apply(client, "one", version={"tag": "stable"})
    with pytest.raises(NotFound) as missing:
        await of_version(client, "stabel")
    assert missing.value.metadata["suggestions"] == "stable"
    for version in ("0" * 64, "v9"):
        with pytest.raises(NotFound) as missing:
            await of_version(client, version)
        assert missing.value.reason == "VERSION_NOT_FOUND"
    with pytest.raises(InvalidArgument):
        await of_version(client, "no good")
    with pytest.raises(NotFound):
        await call(client, "workflow", "getByReference", slug="other", version="stable")


async def test_a_kind_without_versions_refuses_one(client: AsyncClient) -> None:
    with pytest.raises(InvalidArgument, match="has no versions"):
        await call(client, "agent", "getByReference", slug="greeter", version="v1")


async def test_the_list_of_versions_is_paged(client: AsyncClient) -> None:
    hashes = [(await apply(client, f"word-{number}")).status.version_hash for number in range(7)]
    found: list[str] = []
    token = ""
    while True:
        page = await entries(client, page_size=3, page_token=token)
        assert page.total_count == 7
        found += [item.version_hash for item in page.versions]
        token = page.next_page_token
        if not token:
            break
    assert found == hashes[::-1]
    with pytest.raises(InvalidArgument):
        await entries(client, page_size=-1)
    with pytest.raises(InvalidArgument):
        await entries(client, page_token="nonsense")
    with pytest.raises(NotFound):
        await entries(client, slug="nothing")


async def test_versions_go_with_their_workflow_and_with_no_other(app: App, client: AsyncClient) -> None:
    await make_workflow(client, "other")
    one = await apply(client, "one", version={"tag": "v1"})
    await apply(client, "two")
    await call(client, "workflow", "delete", value=one.metadata.id)
    assert await stored_versions(app) == 1
    anew = await apply(client, "one")
    assert (await entries(client)).total_count == 1
    assert anew.metadata.id != one.metadata.id
    with pytest.raises(NotFound):
        await of_version(client, "v1")


async def test_a_refused_write_leaves_no_version(app: App, client: AsyncClient) -> None:
    one = await apply(client, "one")
    stale = flow("two")
    stale.metadata.revision = one.metadata.revision - 1 or 99
    with pytest.raises(Exception, match="revision"):
        await client.call("workflow", "apply", stale)
    assert await stored_versions(app) == 1


async def test_writers_at_once_leave_one_version_each(app: App, client: AsyncClient) -> None:
    await apply(client, "zero")
    words = [f"word-{number % 5}" for number in range(20)]
    results = await asyncio.gather(*(apply(client, word, version={"tag": "stable"}) for word in words))
    assert await stored_versions(app) == 6
    current = await call(client, "workflow", "get", value=results[0].metadata.id)
    assert (await of_version(client, "stable")).status.version_hash == current.status.version_hash
    assert current.metadata.version.tag == "stable"
    assert [item.tag for item in (await entries(client)).versions].count("stable") == 1


async def test_versions_are_hidden_from_lists_and_searches(client: AsyncClient) -> None:
    await apply(client, "one")
    await apply(client, "two")
    listed = await call(client, "stigmer.runtime.v1.ResourceService", "List")
    assert sorted(item.type_url.rpartition(".")[2] for item in listed.items) == ["Workflow", "WorkflowInstance"]
    assert (await call(client, "ai.stigmer.search.v1.SearchService", "search")).total_count == 2


async def test_an_execution_names_the_version_it_was_made_of(client: AsyncClient) -> None:
    workflow = await apply(client, "one")
    execution = await make_workflow_execution(client, workflow.metadata.id)
    await apply(client, "two")
    assert execution.status.workflow_version_hash == workflow.status.version_hash


async def test_a_number_that_json_does_not_have_is_refused(client: AsyncClient) -> None:
    message = resource("workflow", "numbers", TASKS)
    message.spec.tasks[0].task_config["bad"] = math.nan
    with pytest.raises(InvalidArgument, match="JSON does not have"):
        await client.call("workflow", "apply", message)
