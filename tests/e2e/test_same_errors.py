"""One validation of workflows: `validateSpec`, `apply`, the command line and the runner name the same problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson, ParseDict
from temporalio.exceptions import ApplicationError

from stigmer_api.client import AsyncClient
from stigmer_api.errors import InvalidArgument
from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_cli.manifest.loading import load_manifests
from stigmer_cli.manifest.problems import ManifestError
from stigmer_server.app import App, open_store
from stigmer_server.settings import load_settings
from stigmer_workflow_runner.activities.load import document_of

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: flow, version: 1.0.0}\n"
SOURCES = {
    "nothing to do": HEAD,
    "no version": "document: {dsl: '1.0.3', namespace: tests, name: flow}\ndo:\n- a: {set: {}}\n",
    "version as a number": "document: {dsl: 1.0, namespace: a, name: b, version: 1.0}\ndo:\n- a: {set: {}}\n",
    "unknown task": HEAD + "do:\n- a: {sett: {}}\n- b:\n    set: {}\n    then: nowhere\n",
    "expressions": HEAD + "do:\n- a:\n    set:\n      x: '${ foo( }'\n      y: '${ $nope }'\n      z: '${ env }'\n",
    "not supported yet": HEAD + "do:\n- a: {fork: {branches: []}}\n- b: {call: grpc, with: {}}\nschedule: {cron: x}\n",
    "twice": HEAD + "do:\n- a: {set: {}}\n- a: {wait: {secs: 1}}\n- a: {set: {}, set: {}}\n",
    "retries": HEAD + "do:\n- a:\n    try: [{b: {set: {}}}]\n    catch: {retry: lost, when: '${ ( }'}\n",
}
TASKS = {
    "configs": [
        {"name": "a", "kind": "http_call", "task_config": {"method": "GET", "endpoint": {"url": "http://x/"}}},
        {"name": "b", "kind": "set_vars", "task_config": {"variables": {"x": "${ ( }"}}, "flow": {"then": "lost"}},
        {"name": "c", "kind": "eval", "task_config": {"model": "m", "subject": "s", "rubric": "r", "threshold": 5}},
    ],
    "nested": [
        {
            "name": "a",
            "kind": "for_each",
            "task_config": {
                "each": "i",
                "in": "${ .x }",
                "do": [{"name": "b", "kind": "wait", "task_config": {"duration": {"second": 1}}}],
            },
        }
    ],
}


def workflow(**spec: Any) -> Any:
    kind = kind_by_key("workflow")
    return ParseDict(
        {"api_version": API_VERSION, "kind": "Workflow", "metadata": {"name": "flow"}, "spec": spec}, kind.message()
    )


async def answers(home: Path, message: Any) -> tuple[list[str], list[str]]:
    """What apply and validateSpec say, of a server of its own."""
    settings = load_settings(home=home, port=0, temporal_address="127.0.0.1:1", database_url="memory://")
    async with App(settings, await open_store(settings)) as app, AsyncClient(app.address, app.token) as client:
        with pytest.raises(InvalidArgument) as refused:
            await client.call("workflow", "apply", message)
        judged = await client.call("workflow", "validateSpec", message)
    assert judged.state == 3
    return [f"{item.field}: {item.description}" for item in refused.value.violations], list(judged.errors)


def run_error(message: Any) -> str:
    with pytest.raises(ApplicationError) as failed:
        document_of(message)
    return str(failed.value)


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
async def test_a_bad_document_has_the_same_errors_at_every_door(tmp_path: Path, source: str) -> None:
    message = workflow(source=source)
    applied, judged = await answers(tmp_path / "home", message)
    assert applied == judged

    file = tmp_path / "flow.yaml"
    file.write_text(source)
    with pytest.raises(ManifestError) as found:
        load_manifests([str(file)], "local")
    local = {f"spec.source: line {item.line}, {item.path or '/'}: {item.message}" for item in found.value.problems}
    assert local == set(judged)

    told = run_error(message)
    assert all(item.removeprefix("spec.source: ") in told for item in judged)


@pytest.mark.parametrize("tasks", TASKS.values(), ids=list(TASKS))
async def test_bad_tasks_have_the_same_errors_at_every_door(tmp_path: Path, tasks: Any) -> None:
    head = {"dsl": "1.0.0", "namespace": "a", "name": "flow", "version": "1.0.0"}
    message = workflow(document=head, tasks=tasks)
    applied, judged = await answers(tmp_path / "home", message)
    assert applied == judged

    file = tmp_path / "flow.json"
    file.write_text(MessageToJson(message, preserving_proto_field_name=True).replace('"api_version"', '"apiVersion"'))
    with pytest.raises(ManifestError) as found:
        load_manifests([str(file)], "local")
    assert {f"{item.path}: {item.message}" for item in found.value.problems} == set(judged)

    told = run_error(message)
    assert all(item.partition(": ")[2] in told for item in judged)
