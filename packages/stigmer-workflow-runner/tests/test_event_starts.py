"""Workflows that events start: which events belong together, and one execution for each set, on real Temporal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from runner_documents import HEAD

from stigmer_api.dsl.expressions import Meter
from stigmer_api.dsl.schedule import compile_trigger
from stigmer_api.errors import InvalidArgument
from stigmer_api.temporal import (
    EVENT_RECEIVED,
    STOP_AWAITING,
    WORKFLOW_AWAIT,
    EventReceived,
    WorkflowAwait,
    temporal_awaiting_id,
)
from stigmer_workflow_runner import correlating
from stigmer_workflow_runner.correlating import Correlator, EventJudge

ORDER = {"correlate": {"order": {"from": ".data.order"}}}
PAID, SENT = {"with": {"type": "paid"}, **ORDER}, {"with": {"type": "sent"}, **ORDER}
HOT = {"type": "measured", "data": "${ .celsius > 30 }"}


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "e", "source": "/tests", "type": kind, "data": data}


def sets(on: dict[str, Any], *events: dict[str, Any], read: str = "data", handed_on: bool = True) -> list[Any]:
    """The inputs that the events make, in order. `handed_on`: the state goes through JSON after each event."""
    trigger, judge = compile_trigger({"on": on, "read": read}), EventJudge(0.0, Meter())
    correlator, found = Correlator(trigger), []
    for number, item in enumerate(events):
        complete = correlator.offer(f"event/{number}", item, judge)
        if complete is not None:
            found.append(complete["input"])
        if handed_on:
            correlator = Correlator(trigger, json.loads(json.dumps(correlator.to_json())))
    return found


def test_each_event_that_fits_one_filter_starts_by_itself() -> None:
    on = {"one": {"with": HOT}}
    events = (
        event("measured", celsius=20),
        event("measured", celsius=35),
        event("other"),
        event("measured", celsius=40),
    )
    assert sets(on, *events) == [[{"celsius": 35}], [{"celsius": 40}]]
    assert sets({"any": [{"with": {"type": "a"}}, {"with": {"type": "b"}}]}, event("b", n=1), event("a", n=2)) == [
        [{"n": 1}],
        [{"n": 2}],
    ]
    assert len(sets({"any": []}, event("a"), event("b"))) == 2, "an empty list is every event"


def test_all_takes_one_event_of_each_filter_and_the_rest_waits_for_the_next_set() -> None:
    on = {"all": [{"with": {"type": "a"}}, {"with": {"type": "b"}}]}
    events = (event("a", n=1), event("a", n=2), event("b", n=3), event("b", n=4), event("b", n=5))
    assert sets(on, *events) == [[{"n": 1}, {"n": 3}], [{"n": 2}, {"n": 4}]]


def test_events_of_several_correlations_may_be_mixed() -> None:
    events = [event("paid", order=n) for n in (1, 2, 3)] + [event("sent", order=n) for n in (3, 1)]
    events += [event("sent", order=9), event("paid", order=9), event("paid"), event("sent")]
    assert sets({"all": [PAID, SENT]}, *events) == [
        [{"order": 3}, {"order": 3}],
        [{"order": 1}, {"order": 1}],
        [{"order": 9}, {"order": 9}],
    ], "one without the value that correlates is never used"
    expecting = {"with": {"type": "paid"}, "correlate": {"order": {"from": ".data.order", "expect": 7}}}
    assert sets({"one": expecting}, event("paid", order=1), event("paid", order=7)) == [[{"order": 7}]]


def test_any_until_collects_until_the_condition_holds_or_an_event_ends_it() -> None:
    collecting = {"any": [{"with": {"type": "a"}}], "until": "(map(.n) | add) > 4"}
    events = [event("a", n=n) for n in (1, 2, 3, 4, 5)]
    assert sets(collecting, *events) == [[{"n": 1}, {"n": 2}, {"n": 3}], [{"n": 4}, {"n": 5}]]
    failing = {"any": [{"with": {"type": "a"}}], "until": "error"}
    assert sets(failing, *events) == [], "a condition that fails is not true"
    ended = {"any": [PAID], "until": {"one": SENT}}
    mixed = (event("sent", order=1), event("paid", order=1), event("paid", order=2), event("sent", order=2))
    assert sets(ended, *mixed) == [[{"order": 2}]], "what ends a set belongs to the same order"


def test_the_input_is_what_read_says() -> None:
    on = {"one": {"with": {"type": "a"}}}
    assert sets(on, event("a", n=1), read="envelope") == [[event("a", n=1)]]
    assert sets(on, event("a", n=1), read="raw") == [["eyJuIjoxfQ=="]]


def test_a_repeated_event_changes_nothing_and_too_many_open_sets_forget_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(correlating, "MAX_SETS", 2)
    trigger, judge = compile_trigger({"on": {"all": [PAID, SENT]}}), EventJudge(0.0, Meter())
    correlator = Correlator(trigger)
    for number in (1, 1, 2, 3):
        assert correlator.offer(f"event/{number}", event("paid", order=number), judge) is None
    assert (len(correlator.open), correlator.forgotten) == (2, 1)
    assert correlator.offer("event/4", event("sent", order=1), judge) is None
    complete = correlator.offer("event/5", event("sent", order=3), judge)
    assert complete is not None
    assert complete["input"] == [{"order": 3}, {"order": 3}]


# --- on Temporal ---------------------------------------------------------------------------------------------------


async def awaiting(stack: Any, workflow: Any, on: dict[str, Any], arming: str = "a1") -> Any:
    """The run that waits for the events, as the server starts it."""
    return await stack.temporal.start_workflow(
        WORKFLOW_AWAIT,
        WorkflowAwait(workflow.metadata.id, arming, {"on": on, "read": "data", "mode": "strict"}),
        id=temporal_awaiting_id(workflow.metadata.id, arming),
        task_queue=stack.queue,
    )


def started(api: Any) -> list[Any]:
    """The inputs of the executions that were made, in order."""
    found = [item for item in api.resources.values() if item.kind == "WorkflowExecution"]
    return [json.loads(item.spec.input_json) for item in found]


async def test_events_that_came_before_the_word_to_stop_make_one_execution_each_in_order(stack: Any) -> None:
    workflow = stack.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    handle = await awaiting(stack, workflow, {"one": {"with": {"type": "a"}}})
    for number in (0, 1, 1, 2):  # nobody polls yet: the events wait in the history, one of them twice
        await handle.signal(EVENT_RECEIVED, EventReceived(f"event/{number}", event("a", n=number)))
    await handle.signal(STOP_AWAITING)
    async with stack.worker(), asyncio.timeout(30):
        await handle.result()
    assert started(stack.api) == [[{"n": 0}], [{"n": 1}], [{"n": 2}]]
    execution = next(item for item in stack.api.resources.values() if item.kind == "WorkflowExecution")
    assert execution.spec.workflow_id == workflow.metadata.id
    assert execution.metadata.labels["stigmer.ai/schedule"] == workflow.metadata.id


async def test_a_set_is_completed_by_the_next_runner_and_an_away_server_is_waited_for(stack: Any) -> None:
    workflow = stack.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    handle = await awaiting(stack, workflow, {"all": [PAID, SENT]})
    async with stack.worker(max_cached_workflows=0):
        await handle.signal(EVENT_RECEIVED, EventReceived("event/1", event("paid", order=1)))
    stack.api.away = True
    async with stack.worker(), asyncio.timeout(60):
        asked = len(stack.api.calls)
        await handle.signal(EVENT_RECEIVED, EventReceived("event/2", event("sent", order=1)))
        await stack.api.until(lambda: len(stack.api.calls) > asked)
        stack.api.away = False
        await stack.api.until(lambda: bool(started(stack.api)))
        await handle.signal(STOP_AWAITING)
        await handle.result()
    assert started(stack.api) == [[{"order": 1}, {"order": 1}]]


async def test_open_sets_are_handed_on_when_the_history_grows(stack: Any) -> None:
    workflow = stack.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    handle = await awaiting(stack, workflow, {"all": [PAID, SENT]})
    handle = stack.temporal.get_workflow_handle(handle.id, first_execution_run_id=handle.first_execution_run_id)
    async with stack.worker(), asyncio.timeout(60):
        await handle.signal(EVENT_RECEIVED, EventReceived("event/paid", event("paid", order=1)))
        padding = event("sent", text="x" * 250_000)
        for number in range(40):  # the size that a task is told leaves out what arrived while the one before ran
            await handle.signal(EVENT_RECEIVED, EventReceived(f"event/{number}", padding))
            if (await handle.describe()).run_id != handle.first_execution_run_id:
                break
        else:
            pytest.fail("ten megabytes of events did not make it continue as new")
        await handle.signal(EVENT_RECEIVED, EventReceived("event/sent", event("sent", order=1)))
        await stack.api.until(lambda: bool(started(stack.api)))
        await handle.signal(STOP_AWAITING)
        await handle.result()
    assert started(stack.api) == [[{"order": 1}, {"order": 1}]]


async def test_what_the_server_refuses_and_a_workflow_that_is_gone_hold_up_nobody(stack: Any) -> None:
    async def on_create(execution: Any) -> None:
        if json.loads(execution.spec.input_json) == [{"n": 0}]:
            del stack.api.resources[execution.metadata.id]
            raise InvalidArgument("no such input")

    stack.api.on_create = on_create
    workflow = stack.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    gone = stack.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    del stack.api.resources[gone.metadata.id]
    handles = [await awaiting(stack, item, {"any": []}) for item in (workflow, gone)]
    for handle in handles:
        for number in range(2):
            await handle.signal(EVENT_RECEIVED, EventReceived(f"event/{number}", event("a", n=number)))
        await handle.signal(STOP_AWAITING)
    async with stack.worker(), asyncio.timeout(30):
        for handle in handles:
            await handle.result()
    assert started(stack.api) == [[{"n": 1}]]
