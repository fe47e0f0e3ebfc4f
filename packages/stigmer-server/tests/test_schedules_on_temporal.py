"""Schedules on a real Temporal: the same times, made late, changed, mended and removed, and fired once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from server_testing import call, eventually, make_agent, request, resource
from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import ListScheduleMatchingTimesRequest
from temporalio.client import (
    Client,
    ScheduleBackfill,
    ScheduleDescription,
    ScheduleOverlapPolicy,
)
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from stigmer_api.client import AsyncClient
from stigmer_api.cron import parse_cron, time_zone
from stigmer_api.errors import NotFound
from stigmer_api.kinds import kind_by_key
from stigmer_api.temporal import AGENT_EXECUTION_QUEUE, SCHEDULE_FIRE, ScheduleFire, temporal_schedule_id
from stigmer_server.schedules.firing import CATCH_UP
from stigmer_server.schedules.planning import Plan
from stigmer_server.schedules.temporal import ScheduleLink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from stigmer_server.app import App
    from stigmer_server.resources.unit import UnitOfWork

SPEC = {
    "cron": "0 9 1 1 *",
    "time_zone": "Europe/Berlin",
    "enabled": True,
    "agent": {"agent_ref": {"slug": "greeter"}, "message": "good morning"},
}
NOMINAL = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""What Temporal says about a firing."""


@workflow.defn(name=SCHEDULE_FIRE)
class Firing:
    """Stands for the runner's workflow: passes the nominal time on."""

    @workflow.run
    async def run(self, fire: ScheduleFire) -> str:
        """Ask for the run."""
        nominal = workflow.info().typed_search_attributes[NOMINAL]
        answer: str = await workflow.execute_activity(
            "ask", args=[fire.schedule_id, nominal.isoformat()], start_to_close_timeout=timedelta(seconds=10)
        )
        return answer


class Asking:
    """Asks a server for runs, each of them twice, as a runner does that lost the answer."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.answers: list[Any] = []

    @activity.defn(name="ask")
    async def ask(self, schedule_id: str, nominal: str) -> str:
        """Ask for one run."""
        asked = request("schedule", "trigger", value=schedule_id)
        asked.nominal_fire_time.FromDatetime(datetime.fromisoformat(nominal))
        try:
            await self.client.call("schedule", "trigger", asked)
            self.answers.append(await self.client.call("schedule", "trigger", asked))
        except NotFound:
            return "gone"
        return "asked"


def _worker(client: Client, asking: Asking) -> Worker:
    return Worker(
        client,
        task_queue=AGENT_EXECUTION_QUEUE,
        workflows=[Firing],
        activities=[asking.ask],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )


@pytest.fixture
async def server(temporal: Any, serving: Callable[..., Any]) -> AsyncIterator[App]:
    """A server next to the running Temporal, that compares with it often."""
    await temporal.ready()
    async with serving(temporal_address=temporal.address, reconcile_seconds=0.2) as app:
        yield app


@pytest.fixture
async def api(server: App) -> AsyncIterator[AsyncClient]:
    """A client of that server."""
    async with AsyncClient(server.address, server.token) as client:
        yield client


@pytest.fixture
async def peer(temporal: Any) -> Client:
    """A client of Temporal."""
    await temporal.ready()
    return await Client.connect(temporal.address)


async def make_schedule(client: AsyncClient, **spec: Any) -> Any:
    """A stored schedule of a new agent."""
    await make_agent(client)
    return await client.call("schedule", "create", resource("schedule", "morning", {**SPEC, **spec}))


async def described(peer: Client, schedule: Any) -> ScheduleDescription | None:
    """The Temporal Schedule, or None."""
    try:
        return await peer.get_schedule_handle(temporal_schedule_id(schedule.metadata.id)).describe()
    except RPCError:
        return None


async def present(peer: Client, schedule: Any) -> ScheduleDescription:
    """The Temporal Schedule once it is there."""
    found: ScheduleDescription = await eventually(lambda: described(peer, schedule), "it is there")
    return found


async def absent(peer: Client, schedule: Any) -> None:
    """Wait until it is gone."""

    async def probe() -> bool:
        return await described(peer, schedule) is None

    await eventually(probe, "it is gone")


async def test_an_applied_schedule_is_a_temporal_schedule_and_goes_with_it(api: AsyncClient, peer: Client) -> None:
    schedule = await make_schedule(api)
    found = (await present(peer, schedule)).schedule
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert found.policy.catchup_window == CATCH_UP
    assert not found.state.paused
    following = (await present(peer, schedule)).info.next_action_times[0]
    assert schedule.status.next_fire_at.ToDatetime(tzinfo=UTC) == following
    await call(api, "schedule", "delete", value=schedule.metadata.id)
    await absent(peer, schedule)


async def test_changes_reach_temporal_and_a_disabled_schedule_is_paused_there(api: AsyncClient, peer: Client) -> None:
    schedule = await make_schedule(api)
    await present(peer, schedule)
    changed = {**SPEC, "cron": "30 10 1 1 *", "time_zone": "Asia/Tokyo", "enabled": False}
    await api.call("schedule", "apply", resource("schedule", "morning", changed))

    async def is_changed() -> bool:
        found = await described(peer, schedule)
        return bool(found and found.schedule.state.paused and found.schedule.spec.time_zone_name == "Asia/Tokyo")

    await eventually(is_changed, "the change is there")


async def test_with_temporal_away_a_schedule_waits_and_is_made_when_it_is_back(
    late_temporal: Any, serving: Callable[..., Any]
) -> None:
    async with (
        serving(temporal_address=late_temporal.address) as app,
        AsyncClient(app.address, app.token) as client,
    ):
        kept = await make_schedule(client)
        gone = await client.call("schedule", "create", resource("schedule", "gone", SPEC))
        await call(client, "schedule", "delete", value=gone.metadata.id)
        late_temporal.start()
        await late_temporal.ready()
        peer = await Client.connect(late_temporal.address)
        await present(peer, kept)
        await absent(peer, gone)


async def test_the_next_server_delivers_what_the_last_one_left(
    temporal: Any, serving: Callable[..., Any], peer: Client
) -> None:
    async with serving() as app, AsyncClient(app.address, app.token) as client:
        schedule = await make_schedule(client)
    assert await described(peer, schedule) is None
    async with serving(temporal_address=temporal.address):
        await present(peer, schedule)


async def test_what_was_changed_or_removed_on_temporal_is_mended(api: AsyncClient, peer: Client) -> None:
    schedule = await make_schedule(api)
    await present(peer, schedule)
    handle = peer.get_schedule_handle(temporal_schedule_id(schedule.metadata.id))
    await handle.pause(note="by hand")

    async def goes_on() -> bool:
        found = await described(peer, schedule)
        return bool(found and not found.schedule.state.paused)

    await eventually(goes_on, "it is not paused any more")
    await handle.delete()
    await present(peer, schedule)


async def test_the_next_time_is_what_temporal_says(server: App, api: AsyncClient, peer: Client) -> None:
    schedule = await make_schedule(api)
    await present(peer, schedule)
    kind = kind_by_key("schedule")

    def forget(unit: UnitOfWork) -> None:
        found = unit.require(kind, schedule.metadata.id)
        found.status.next_fire_at.FromDatetime(datetime(2020, 1, 1, tzinfo=UTC))
        unit.save(kind, found)

    await server.controller.run(forget)

    async def is_told() -> bool:
        found = await call(api, "schedule", "get", value=schedule.metadata.id)
        return bool(found.status.next_fire_at == schedule.status.next_fire_at)

    await eventually(is_told, "the time is right again")


async def test_each_nominal_time_makes_one_run(api: AsyncClient, peer: Client) -> None:
    schedule = await make_schedule(api, cron="* * * * *", enabled=False)
    handle = peer.get_schedule_handle(temporal_schedule_id(schedule.metadata.id))
    await present(peer, schedule)
    last = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
    asking = Asking(api)
    async with _worker(peer, asking):
        await handle.backfill(
            ScheduleBackfill(
                start_at=last - timedelta(minutes=2, seconds=30),
                end_at=last + timedelta(seconds=1),
                overlap=ScheduleOverlapPolicy.ALLOW_ALL,
            )
        )

        async def runs() -> Any:
            found = await call(api, "schedule", "listRuns", schedule_id=schedule.metadata.id)
            return found if found.total_count == 3 and len(asking.answers) == 3 else None

        found = await eventually(runs, "three runs")
    times = sorted(run.nominal_fire_time.ToDatetime(tzinfo=UTC) for run in found.items)
    assert times == [last - timedelta(minutes=2), last - timedelta(minutes=1), last]


async def test_what_temporal_fires_and_the_store_does_not_know_is_removed_there(
    temporal: Any, serving: Callable[..., Any], peer: Client, tmp_path: Path
) -> None:
    async with (
        serving(temporal_address=temporal.address) as app,
        AsyncClient(app.address, app.token) as client,
    ):
        schedule = await make_schedule(client)
        await present(peer, schedule)
    async with (
        serving(tmp_path / "another", temporal_address=temporal.address) as app,
        AsyncClient(app.address, app.token) as client,
        _worker(peer, Asking(client)),
    ):
        await peer.get_schedule_handle(temporal_schedule_id(schedule.metadata.id)).trigger()
        await absent(peer, schedule)


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("30 9 * * mon-fri", "Europe/Berlin"),
        ("*/20 1-3 * mar,apr,oct,nov sun", "America/New_York"),
        ("0 0 13 * fri", "Australia/Lord_Howe"),
        ("15 */5 */10 * 1-5", "Asia/Kathmandu"),
        ("0 12 29 2 *", "UTC"),
        ("59 23 31 * 7", "America/Sao_Paulo"),
    ],
)
async def test_temporal_means_the_same_times(server: App, peer: Client, cron: str, zone: str) -> None:
    link = ScheduleLink(server.temporal)
    schedule_id = f"times-{abs(hash((cron, zone)))}"
    await link.put(schedule_id, Plan(cron, zone, paused=True))
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)
    answer = await peer.workflow_service.list_schedule_matching_times(
        ListScheduleMatchingTimesRequest(
            namespace="default",
            schedule_id=temporal_schedule_id(schedule_id),
            start_time=Timestamp(seconds=int(start.timestamp())),
            end_time=Timestamp(seconds=int(end.timestamp())),
        )
    )
    theirs = [stamp.ToDatetime(tzinfo=UTC) for stamp in answer.start_time]
    ours: list[datetime] = []
    moment = start
    while len(ours) < len(theirs):
        following = parse_cron(cron).next_after(moment, time_zone(zone))
        assert following is not None
        ours.append(following)
        moment = following
    assert theirs
    assert ours == theirs
    await link.remove(schedule_id)
    await link.remove(schedule_id)
