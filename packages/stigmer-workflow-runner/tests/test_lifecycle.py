"""Lifecycle events as CloudEvents: for documents that ask for them, each once."""

from __future__ import annotations

import asyncio
from typing import Any

from runner_documents import HEAD

ASKS = HEAD.replace("version: 1.0.0}", "version: 1.0.0, metadata: {lifecycleEvents: true}}")
FAILS = "do: [{one: {set: {x: 1}}}, {stop: {raise: {error: {type: 'https://x', status: 500, detail: no luck}}}}]"


async def run(runner: Any, document: str) -> tuple[str, list[Any]]:
    execution, handle = await runner.run(document)
    await asyncio.wait([asyncio.ensure_future(handle.result())], timeout=30)
    return execution, list(runner.api.published.values())


async def test_a_document_that_asks_for_lifecycle_events_has_them_published_in_order(runner: Any) -> None:
    execution, events = await run(runner, ASKS + FAILS)
    kinds = [event["type"].removeprefix("io.serverlessworkflow.").removesuffix(".v1") for event in events]
    assert kinds == [
        "workflow.started",
        "task.started",
        "task.completed",
        "task.started",
        "task.faulted",
        "workflow.faulted",
    ]
    name = f"flow-{execution}.tests"
    definition = {"namespace": "tests", "name": "flow", "version": "1.0.0"}
    assert events[0]["data"] == {"name": name, "startedAt": events[0]["time"], "definition": definition}
    assert (events[4]["data"]["task"], events[4]["data"]["workflow"]) == ("/do/1/stop", name)
    assert "no luck" in events[5]["data"]["error"]["detail"]
    assert {event["source"] for event in events} == {"/tests/flow/1.0.0"}
    assert len({event["id"] for event in events}) == 6


async def test_other_documents_publish_nothing(runner: Any) -> None:
    _, events = await run(runner, HEAD + FAILS)
    assert events == []
