"""Lifecycle events as CloudEvents: for documents that ask for them, each once."""

from __future__ import annotations

import asyncio
from typing import Any

from runner_documents import HEAD

from stigmer_api.temporal import SET_PAUSED, SIGNAL_RECEIVED, PauseState, SignalReceived

PAUSED = 7

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
        "task.created",
        "task.started",
        "task.completed",
        "task.created",
        "task.started",
        "task.faulted",
        "workflow.faulted",
    ]
    name = f"flow-{execution}.tests"
    definition = {"namespace": "tests", "name": "flow", "version": "1.0.0"}
    assert events[0]["data"] == {"name": name, "startedAt": events[0]["time"], "definition": definition}
    assert (events[6]["data"]["task"], events[6]["data"]["workflow"]) == ("/do/1/stop", name)
    error = {"type": "https://x", "status": 500, "detail": "no luck", "instance": "/do/1/stop"}
    assert [event["data"]["error"] for event in events[6:]] == [error, error]
    assert {event["source"] for event in events} == {"/tests/flow/1.0.0"}
    assert len({event["id"] for event in events}) == 8


def told(events: list[Any]) -> list[str]:
    """Kinds of events, with the task that they are about."""
    return [
        " ".join(
            [
                event["type"].removeprefix("io.serverlessworkflow.").removesuffix(".v1"),
                *[str(event["data"][key]) for key in ("task", "status") if key in event["data"]],
            ]
        )
        for event in events
    ]


async def test_pauses_cancelled_branches_and_correlations_are_told(stack: Any) -> None:
    document = ASKS + (
        "do:\n- hear: {listen: {to: {all: [{with: {type: paid}, correlate: {order: {from: .data.order}}}]}}}\n"
        "- race: {fork: {compete: true, branches: [{fast: {wait: {milliseconds: 50}}}, {slow: {wait: PT1H}}]}}\n"
    )
    async with stack.worker():
        execution = stack.api.add_execution(stack.api.add_workflow(document), None)
        handle = await stack.start(execution)
        await stack.api.until(lambda: "/do/0/hear" in stack.api.tasks(execution))
        await handle.signal(SET_PAUSED, PauseState(paused=True, number=1))
        await stack.api.until(lambda: stack.api.status(execution).phase == PAUSED)
        await handle.signal(SET_PAUSED, PauseState(paused=False, number=2))
        event = {"specversion": "1.0", "id": "e", "source": "/s", "type": "paid", "data": {"order": 7}}
        await handle.signal(SIGNAL_RECEIVED, SignalReceived("event/e", "paid", event))
        await stack.api.ended(execution)
        await asyncio.wait_for(handle.result(), 30)
    events = list(stack.api.published.values())
    assert told(events) == [
        "workflow.started",
        "task.created /do/0/hear",
        "task.started /do/0/hear",
        "workflow.correlation-started",
        "workflow.suspended",
        "task.suspended /do/0/hear",
        "workflow.resumed",
        "task.resumed /do/0/hear",
        "task.completed /do/0/hear",
        "workflow.correlation-completed",
        "task.created /do/1/race",
        "task.started /do/1/race",
        "task.created /do/1/race/fork/branches/0/fast",
        "task.started /do/1/race/fork/branches/0/fast",
        "task.created /do/1/race/fork/branches/1/slow",
        "task.started /do/1/race/fork/branches/1/slow",
        "task.completed /do/1/race/fork/branches/0/fast",
        "task.cancelled /do/1/race/fork/branches/1/slow",
        "task.completed /do/1/race",
        "workflow.completed",
    ]
    [correlated] = [event for event in events if event["type"].endswith("correlation-completed.v1")]
    assert correlated["data"]["correlationKeys"] == {"order": 7}


async def test_changes_of_the_status_are_told_to_those_who_want_all(runner: Any) -> None:
    document = ASKS.replace("lifecycleEvents: true", "lifecycleEvents: all") + "do: [{a: {set: {x: 1}}}]"
    _, events = await run(runner, document)
    assert told(events) == [
        "workflow.started",
        "workflow.status-changed running",
        "task.created /do/0/a",
        "task.started /do/0/a",
        "task.status-changed /do/0/a running",
        "task.completed /do/0/a",
        "task.status-changed /do/0/a completed",
        "workflow.completed",
        "workflow.status-changed completed",
    ]


async def test_other_documents_publish_nothing(runner: Any) -> None:
    _, events = await run(runner, HEAD + FAILS)
    assert events == []
