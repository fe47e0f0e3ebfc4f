"""Workflows with a schedule in their document, on a real Temporal: made, changed and removed with them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import eventually, request, resource
from temporalio.client import Client, ScheduleOverlapPolicy, WorkflowExecutionStatus
from temporalio.service import RPCError

from stigmer_api.client import AsyncClient
from stigmer_api.errors import InvalidArgument
from stigmer_api.messages import message_class
from stigmer_api.methods import EVENT_SERVICE
from stigmer_api.temporal import (
    EVENT_RECEIVED,
    WORKFLOW_FIRE,
    temporal_awaiting_id,
    temporal_workflow_schedule_id,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

DOCUMENT = (
    "document: {dsl: '1.0.3', namespace: tests, name: tick, version: 1.0.0}\nschedule: {%s}\ndo: [{a: {set: {x: 1}}}]\n"
)


@pytest.fixture
async def peer(temporal: Any) -> Client:
    """A client of Temporal."""
    await temporal.ready()
    return await Client.connect(temporal.address)


@pytest.fixture
async def api(temporal: Any, serving: Callable[..., Any]) -> AsyncIterator[AsyncClient]:
    """A client of a server next to the running Temporal."""
    await temporal.ready()
    async with serving(temporal_address=temporal.address) as app, AsyncClient(app.address, app.token) as client:
        yield client


async def apply(api: AsyncClient, schedule: str) -> Any:
    return await api.call("workflow", "apply", resource("workflow", "tick", {"source": DOCUMENT % schedule}))


async def schedule_of(peer: Client, workflow_id: str) -> Any:
    try:
        return (await peer.get_schedule_handle(temporal_workflow_schedule_id(workflow_id)).describe()).schedule
    except RPCError:
        return None


async def running(peer: Client, workflow_id: str) -> Any:
    """The run that stands for `after`, while it runs."""
    try:
        found = await peer.get_workflow_handle(temporal_workflow_schedule_id(workflow_id)).describe()
    except RPCError:
        return None
    return found if found.status is WorkflowExecutionStatus.RUNNING else None


async def test_the_schedule_of_a_document_follows_it_on_temporal(api: AsyncClient, peer: Client) -> None:
    workflow = await apply(api, "cron: '0 9 * * mon-fri'")
    key = workflow.metadata.id
    found = await eventually(lambda: schedule_of(peer, key), "it is there")
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert found.action.workflow == WORKFLOW_FIRE

    async def every() -> Any:
        seen = await schedule_of(peer, key)
        return seen if seen and seen.spec.intervals else None

    await apply(api, "every: {hours: 2}")
    found = await eventually(every, "it is another one")
    assert found.spec.intervals[0].every == timedelta(hours=2)
    assert found.policy.overlap is ScheduleOverlapPolicy.ALLOW_ALL

    await apply(api, "after: PT30S")
    first = await eventually(lambda: running(peer, key), "it runs")
    assert await schedule_of(peer, key) is None

    await apply(api, "after: PT40S")

    async def replaced() -> bool:
        seen = await running(peer, key)
        return seen is not None and seen.run_id != first.run_id

    await eventually(replaced, "it is another run")
    await api.call("workflow", "delete", request("workflow", "delete", value=key))

    async def gone() -> bool:
        return await running(peer, key) is None

    await eventually(gone, "it is gone")


async def test_a_schedule_that_cannot_be_is_refused(api: AsyncClient) -> None:
    for schedule, reason in {
        "cron: '0 25 * * *'": "hour '25' is not between",
        "every: {milliseconds: 5}": "at least 1 s",
        "every: PT1H, after: PT1H": "exactly one of",
        "on: {one: {with: {signalname: go}}}": "signals go to executions that run, and start none",
        "on: {all: []}": "must have at least one event filter",
        "on: {one: {with: {data: '${ .x == $input }'}}}": r"\$input does not exist here",
        "on: {one: {with: {type: x}}}, read: nothing": "must be one of data, envelope, raw",
        "cron: '* * * * *', read: data": "'read' belongs to 'on'",
    }.items():
        with pytest.raises(InvalidArgument, match=reason):
            await apply(api, schedule)


async def waiting(peer: Client, workflow: Any) -> Any:
    """The run that waits for the events of a workflow, while it runs."""
    run_id = temporal_awaiting_id(workflow.metadata.id, workflow.status.event_trigger.id)
    try:
        found = await peer.get_workflow_handle(run_id).describe()
    except RPCError:
        return None
    return found if found.status is WorkflowExecutionStatus.RUNNING else None


async def signals_of(peer: Client, workflow: Any) -> list[str]:
    """The signals that the run of a workflow got, in order: ids of events, and the word to stop."""
    run_id = temporal_awaiting_id(workflow.metadata.id, workflow.status.event_trigger.id)
    try:
        history = await peer.get_workflow_handle(run_id).fetch_history()
    except RPCError:  # the outbox has not come to it yet
        return []
    told = [
        event.workflow_execution_signaled_event_attributes
        for event in history.events
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    return [
        json.loads(signal.input.payloads[0].data)["id"] if signal.signal_name == EVENT_RECEIVED else "stop"
        for signal in told
    ]


async def publish(api: AsyncClient, kind: str, key: str) -> int:
    event = {"specversion": "1.0", "id": key, "source": "/tests", "type": kind}
    asked = message_class("stigmer.runtime.v1.PublishEventRequest")(event_json=json.dumps(event), request_id=key)
    answer: Any = await api.call(EVENT_SERVICE, "Publish", asked)
    return int(answer.listeners)


async def test_an_applied_workflow_is_armed_and_gets_each_event_that_it_may_want_once(
    api: AsyncClient, peer: Client
) -> None:
    workflow = await apply(api, "on: {one: {with: {type: paid, source: /tests}}}")
    await eventually(lambda: waiting(peer, workflow), "it waits")
    assert [await publish(api, *event) for event in (("paid", "e1"), ("paid", "e1"), ("sold", "e2"))] == [1, 1, 0]
    assert await publish(api, "paid", "e3") == 1

    async def both() -> bool:
        return await signals_of(peer, workflow) == ["event/e1", "event/e3"]

    await eventually(both, "each came once")
    again = await api.call("workflow", "apply", workflow)
    assert again.status.event_trigger == workflow.status.event_trigger, "the same schedule goes on"
    await api.call("workflow", "delete", request("workflow", "delete", value=workflow.metadata.id))
    assert await publish(api, "paid", "e4") == 0


async def test_a_changed_or_deleted_schedule_stops_the_run_that_waits(api: AsyncClient, peer: Client) -> None:
    first = await apply(api, "on: {one: {with: {type: paid}}}")
    await publish(api, "paid", "e1")
    second = await apply(api, "on: {any: [{with: {type: paid}}, {with: {type: sold}}]}")
    assert second.status.event_trigger.id != first.status.event_trigger.id
    await publish(api, "paid", "e2")

    async def moved() -> bool:
        return await signals_of(peer, first) == ["event/e1", "stop"] and bool(await waiting(peer, second))

    await eventually(moved, "what came before belongs to the first")
    third = await apply(api, "every: PT1H")
    assert not third.status.HasField("event_trigger")

    async def stopped() -> bool:
        return await signals_of(peer, second) == ["event/e2", "stop"]

    await eventually(stopped, "the second is told too")
    assert await publish(api, "paid", "e3") == 0
    await api.call("workflow", "delete", request("workflow", "delete", value=third.metadata.id))


async def test_what_was_published_with_temporal_away_comes_when_it_is_back(
    late_temporal: Any, serving: Callable[..., Any]
) -> None:
    async with (
        serving(temporal_address=late_temporal.address) as app,
        AsyncClient(app.address, app.token) as client,
    ):
        workflow = await apply(client, "on: {one: {with: {type: paid}}}")
        for key in ("e1", "e2"):
            assert await publish(client, "paid", key) == 1
        late_temporal.start()
        await late_temporal.ready()
        peer = await Client.connect(late_temporal.address)

        async def came() -> bool:
            return bool(await waiting(peer, workflow)) and len(await signals_of(peer, workflow)) == 2

        await eventually(came, "both came")
        assert await signals_of(peer, workflow) == ["event/e1", "event/e2"]


async def test_a_run_that_temporal_lost_is_there_again_when_the_next_server_starts(
    temporal: Any, serving: Callable[..., Any], peer: Client
) -> None:
    async with serving(temporal_address=temporal.address) as app, AsyncClient(app.address, app.token) as client:
        workflow = await apply(client, "on: {one: {with: {type: paid}}}")
        await eventually(lambda: waiting(peer, workflow), "it waits")
    run_id = temporal_awaiting_id(workflow.metadata.id, workflow.status.event_trigger.id)
    await peer.get_workflow_handle(run_id).terminate("an accident")
    assert not await waiting(peer, workflow)
    async with serving(temporal_address=temporal.address):
        await eventually(lambda: waiting(peer, workflow), "it waits again")
