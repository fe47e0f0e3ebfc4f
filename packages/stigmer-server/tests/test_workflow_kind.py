"""Workflows: the shallow look at a source, and what it fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server_testing import SOURCE, call, make_workflow, resource

from stigmer_api.errors import InvalidArgument

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


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("just words", "must be a mapping"),
        ("do: [", "not valid YAML: line "),
        ("a: 1\na: 2", "found the key 'a' twice"),
        ("do: [{a: {set: {}}}]", "document: is required"),
        (
            SOURCE.replace("version: '0.1.0'", "version: 1.0"),
            "document.version: must be a text; write it in quotes: '1.0'",
        ),
        (SOURCE.partition("do:")[0], "do: must be a list"),
        (SOURCE.partition("do:")[0] + "do: [greet]", "do[0]: must be a mapping"),
        ("x" * (1024 * 1024 + 1), "is larger than 1024 KiB"),
        ("[" * 100_000, "nested more than 100 levels"),
        ("a: 2026-13-45", "not valid YAML"),
    ],
)
async def test_a_bad_source_is_refused_with_its_place_and_judged_invalid(
    app: App, client: AsyncClient, source: str, words: str
) -> None:
    message = resource("workflow", "flow", {"source": source})
    with pytest.raises(InvalidArgument) as refused:
        await client.call("workflow", "apply", message)
    assert any(words in item.description for item in refused.value.violations)
    judged = await client.call("workflow", "validateSpec", message)
    assert judged.state == 3
    assert any(words in error for error in judged.errors)
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
