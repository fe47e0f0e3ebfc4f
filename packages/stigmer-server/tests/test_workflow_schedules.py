"""Workflows with a schedule in their document, on a real Temporal: made, changed and removed with them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import eventually, request, resource
from temporalio.client import Client, ScheduleOverlapPolicy, WorkflowExecutionStatus
from temporalio.service import RPCError

from stigmer_api.client import AsyncClient
from stigmer_api.errors import InvalidArgument
from stigmer_api.temporal import WORKFLOW_FIRE, temporal_workflow_schedule_id

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
        "on: {one: {with: {type: x}}}": "'on' is not supported yet",
    }.items():
        with pytest.raises(InvalidArgument, match=reason):
            await apply(api, schedule)
