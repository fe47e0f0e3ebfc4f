"""Workflows: a spec is judged whole before it is stored, by the same function for every door."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from server_testing import SOURCE, call, make_workflow, resource

from stigmer_api.errors import InvalidArgument
from stigmer_api.methods import TASK_KIND_SERVICE, method

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App


async def test_the_document_of_a_source_is_filled_in(client: AsyncClient) -> None:
    workflow = await make_workflow(client)
    document = workflow.spec.document
    assert (document.dsl, document.namespace, document.name, document.version) == (
        "1.0.0",
        "examples",
        "hello",
        "0.1.0",
    )


NOTICE = {"channel": "c", "recipients": ["r"], "body": "b"}
BAD_SOURCES = [
    ("just words", "must be an object with document"),
    ("do: [", "not valid YAML"),
    ("a: 1\na: 2", "the key 'a' is written twice, again in line 2"),
    ("do: [{a: {set: {}}}]", "needs 'document'"),
    (
        SOURCE.replace("version: '0.1.0'", "version: 1.0"),
        "line 1, /document/version: must be text, not a number: write it in quotes, '1.0'",
    ),
    (SOURCE.partition("do:")[0], "needs 'do'"),
    (SOURCE.partition("do:")[0] + "do: [greet]", "line 2, /do/0: a task is an object with one key"),
    (
        SOURCE + "  - x: {call: grpc, with: {}}",
        "line 5, /do/1/x/with: needs 'service'",
    ),
    (SOURCE + "  - x: {set: '${ foo( }'}", "line 5, /do/1/x/set: not a jq expression"),
    ("x" * (1024 * 1024 + 1), "the limit is 524288"),
    ("[" * 100_000, "nested too deeply"),
    ('"\\ud800": 1', "half of a surrogate pair"),
]


@pytest.mark.parametrize(("source", "words"), BAD_SOURCES, ids=range(len(BAD_SOURCES)))
async def test_a_bad_source_is_refused_with_its_place_and_judged_invalid(
    app: App, client: AsyncClient, source: str, words: str
) -> None:
    message = resource("workflow", "flow", {"source": source})
    with pytest.raises(InvalidArgument) as refused:
        await client.call("workflow", "apply", message)
    assert any(words in item.description for item in refused.value.violations)
    assert {item.field for item in refused.value.violations} == {"spec.source"}
    judged = await client.call("workflow", "validateSpec", message)
    assert judged.state == 3
    assert [f"{item.field}: {item.description}" for item in refused.value.violations] == list(judged.errors)
    assert await app.repository.revision() == 0


async def test_a_good_source_is_judged_valid_and_not_stored(app: App, client: AsyncClient) -> None:
    judged = await client.call("workflow", "validateSpec", resource("workflow", "flow", {"source": SOURCE}))
    assert (judged.state, list(judged.errors)) == (2, [])
    assert await app.repository.revision() == 0


async def test_tasks_do_instead_of_a_source(client: AsyncClient) -> None:
    spec = {
        "document": {"dsl": "1.0.0", "namespace": "a", "name": "b", "version": "1.0.0"},
        "tasks": [{"name": "one", "kind": "set_vars", "task_config": {"variables": {"a": "1"}}}],
    }
    workflow = await client.call("workflow", "apply", resource("workflow", "flow", spec))
    listed = await call(client, "workflow_instance", "getByWorkflow", workflow_id=workflow.metadata.id)
    assert [item.metadata.id for item in listed.entries] == [workflow.status.default_instance_id]


async def test_uploaded_tasks_are_held_against_the_messages_of_their_kinds(app: App, client: AsyncClient) -> None:
    spec = {
        "document": {"dsl": "1.0.0", "namespace": "a", "name": "b", "version": "1.0.0"},
        "tasks": [
            {"name": "one", "kind": "http_call", "task_config": {"method": "GET", "endpoint": {"url": "http://x/"}}},
            {
                "name": "two",
                "kind": "notification",
                "task_config": {"channel": "c", "recipients": ["r"], "body": "b", "template": "t"},
            },
            {"name": "three", "kind": "set_vars", "task_config": {"variables": {"a": "${ $nope }"}}},
        ],
    }
    message = resource("workflow", "flow", spec)
    with pytest.raises(InvalidArgument) as refused:
        await client.call("workflow", "apply", message)
    assert [item.field for item in refused.value.violations] == [
        "spec.tasks[0].task_config.endpoint.uri",
        "spec.tasks[0].task_config.endpoint.url",
        "spec.tasks[1].task_config.template",
        "spec.tasks[2].task_config.variables.a",
    ]
    judged = await client.call("workflow", "validateSpec", message)
    assert [f"{item.field}: {item.description}" for item in refused.value.violations] == list(judged.errors)
    assert await app.repository.revision() == 0


async def test_a_stored_workflow_says_that_it_was_found_valid(client: AsyncClient) -> None:
    first = await make_workflow(client)
    found = first.status.serverless_workflow_validation
    assert (found.state, list(found.errors), found.yaml) == (2, [], SOURCE)
    assert found.validated_at.seconds > 0
    again = await client.call("workflow", "apply", first)
    assert (again.metadata.revision, again.status.serverless_workflow_validation) == (first.metadata.revision, found)


async def test_tasks_beside_a_source_are_a_warning(client: AsyncClient) -> None:
    task = {"name": "one", "kind": "set_vars", "task_config": {"variables": {"a": "1"}}}
    judged = await client.call(
        "workflow", "validateSpec", resource("workflow", "flow", {"source": SOURCE, "tasks": [task]})
    )
    assert (judged.state, list(judged.warnings)) == (2, ["spec.tasks is ignored: spec.source takes its place"])


async def test_calls_are_answered_while_a_large_document_is_judged(client: AsyncClient) -> None:
    tasks = "".join(f"  - a{i}: {{set: {{x: '${{ .y + {i} }}'}}}}\n" for i in range(2_000))
    await make_workflow(client, "hello")
    judging = asyncio.create_task(
        client.call("workflow", "validateSpec", resource("workflow", "flow", {"source": SOURCE + tasks}))
    )
    answered = 0
    while not judging.done():
        await call(client, "workflow", "getByReference", slug="hello")
        answered += 1
    assert (await judging).state == 2
    assert answered > 1


async def test_the_registry_describes_the_twenty_kinds(client: AsyncClient) -> None:
    request = method(TASK_KIND_SERVICE, "getTaskKindRegistry").request()
    answer = await client.call(TASK_KIND_SERVICE, "getTaskKindRegistry", request)
    assert [item.kind for item in answer.descriptors] == list(range(1, 21))
