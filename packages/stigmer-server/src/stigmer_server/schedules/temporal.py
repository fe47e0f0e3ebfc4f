"""Temporal Schedules: what one looks like, and how it is made, changed and removed. All of it may be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
)
from temporalio.service import RPCError, RPCStatusCode

from stigmer_api.cron import parse_cron
from stigmer_api.temporal import AGENT_EXECUTION_QUEUE, SCHEDULE_FIRE, ScheduleFire, temporal_schedule_id
from stigmer_server.executions.temporal import TemporalAway, TemporalRefused
from stigmer_server.schedules.firing import CATCH_UP

if TYPE_CHECKING:
    from stigmer_server.executions.temporal import TemporalLink
    from stigmer_server.schedules.planning import Plan

__all__ = ["ScheduleLink", "Seen", "calendars_of", "note_of"]

_EVERY_DAY_OF_MONTH = range(1, 32)
_EVERY_DAY_OF_WEEK = range(7)


@dataclass(frozen=True, slots=True)
class Seen:
    """A Temporal Schedule as the list of them tells. `note`: see `note_of`."""

    note: str
    next_fire: datetime | None


class ScheduleLink:
    """The Temporal Schedules of this server. Every method raises TemporalAway and TemporalRefused."""

    def __init__(self, temporal: TemporalLink) -> None:
        self._temporal = temporal

    async def put(self, schedule_id: str, plan: Plan) -> None:
        """Make the Temporal Schedule, or make the one that is there like this plan."""
        wanted = _schedule(schedule_id, plan)

        async def work(client: Client) -> None:
            try:
                await client.create_schedule(temporal_schedule_id(schedule_id), wanted)
            except ScheduleAlreadyRunningError:
                handle = client.get_schedule_handle(temporal_schedule_id(schedule_id))
                await handle.update(lambda _: ScheduleUpdate(schedule=wanted))

        try:
            await self._temporal.on_client(work)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # it was removed between both calls, or there is no namespace
                raise TemporalAway(error.message) from error
            raise TemporalRefused(error.message) from error

    async def remove(self, schedule_id: str) -> None:
        """Remove the Temporal Schedule; done as well when there is none."""

        async def work(client: Client) -> None:
            await client.get_schedule_handle(temporal_schedule_id(schedule_id)).delete()

        try:
            await self._temporal.on_client(work)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise TemporalRefused(error.message) from error
            if "namespace" in error.message.lower():
                raise TemporalAway(error.message) from error

    async def seen(self) -> dict[str, Seen]:
        """What Temporal has, by schedule id on Temporal; a moment old, because it comes from an index."""

        async def work(client: Client) -> dict[str, Seen]:
            found: dict[str, Seen] = {}
            async for item in await client.list_schedules(page_size=1000):
                if item.schedule is not None:
                    times = item.info.next_action_times if item.info is not None else ()
                    found[item.id] = Seen(item.schedule.state.note or "", times[0] if times else None)
            return found

        try:
            return await self._temporal.on_client(work)
        except RPCError as error:
            raise TemporalAway(error.message) from error


def note_of(plan: Plan) -> str:
    """What a Temporal Schedule of this plan has as its note: read by people, and compared by the reconciler."""
    return f"Stigmer: {plan.cron} {plan.time_zone}, {'paused' if plan.paused else 'active'}"


def _schedule(schedule_id: str, plan: Plan) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            SCHEDULE_FIRE,
            ScheduleFire(schedule_id),
            id=f"{SCHEDULE_FIRE}/{schedule_id}",  # Temporal appends the nominal time
            task_queue=AGENT_EXECUTION_QUEUE,
        ),
        spec=ScheduleSpec(calendars=calendars_of(plan.cron), time_zone_name=plan.time_zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        state=ScheduleState(note=note_of(plan), paused=plan.paused),
    )


def calendars_of(expression: str) -> list[ScheduleCalendarSpec]:
    """The calendars of an expression. Temporal wants both days to match, so "either day" takes two calendars."""
    cron = parse_cron(expression)
    days = [(cron.month_days, cron.week_days)]
    if cron.either_day:
        days = [(cron.month_days, tuple(_EVERY_DAY_OF_WEEK)), (tuple(_EVERY_DAY_OF_MONTH), cron.week_days)]
    return [
        ScheduleCalendarSpec(
            minute=_ranges(cron.minutes),
            hour=_ranges(cron.hours),
            day_of_month=_ranges(month_days),
            month=_ranges(cron.months),
            day_of_week=_ranges(week_days),
        )
        for month_days, week_days in days
    ]


def _ranges(values: Sequence[int]) -> list[ScheduleRange]:
    """Sorted values as ranges of neighbours."""
    found: list[ScheduleRange] = []
    for value in values:
        if found and found[-1].end == value - 1:
            found[-1] = ScheduleRange(found[-1].start, value)
        else:
            found.append(ScheduleRange(value, value))
    return found
