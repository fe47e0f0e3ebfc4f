"""Keeps Temporal's Schedules like the stored ones: told by the outbox at once, compared from time to time."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog

from stigmer_api.kinds import kind_by_key
from stigmer_api.temporal import temporal_schedule_id
from stigmer_server.executions.sweeping import sweep_for_ever
from stigmer_server.executions.temporal import TemporalRefused
from stigmer_server.resources.envelope import from_record, to_datetime
from stigmer_server.resources.listing import read_all
from stigmer_server.schedules.planning import Plan, plan_of
from stigmer_server.schedules.temporal import ScheduleLink, Seen, note_of
from stigmer_store import ListQuery, OutboxItem

if TYPE_CHECKING:
    from stigmer_server.resources.controller import Controller
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["ScheduleKeeper"]

_log = structlog.get_logger("stigmer.schedules")
_KIND = kind_by_key("schedule")


class ScheduleKeeper:
    """`deliver` serves the outbox; `run` compares at start (once Temporal answers), then every `seconds`."""

    def __init__(self, controller: Controller, link: ScheduleLink, seconds: float) -> None:
        self._controller = controller
        self._link = link
        self._seconds = seconds

    async def deliver(self, item: OutboxItem) -> None:
        """Tell Temporal about the schedule of an outbox item. Raises TemporalAway, TemporalRefused."""
        await self.sync(item.key)

    async def sync(self, schedule_id: str) -> None:
        """Make Temporal's Schedule what the store says now, also when that changes meanwhile."""
        plan = await self._plan(schedule_id)
        while True:
            if plan is None:
                await self._link.remove(schedule_id)
            else:
                await self._link.put(schedule_id, plan)
            newest = await self._plan(schedule_id)
            if newest == plan:
                return
            plan = newest

    async def run(self) -> None:
        """Compare for ever."""
        await sweep_for_ever(self.sweep, self._seconds, _log)

    async def sweep(self) -> int:
        """Compare every schedule once; returns how many were mended. Raises TemporalAway.

        Schedules of Temporal that the store does not know are left alone here: they may belong to somebody else. One
        of ours goes when it fires next.
        """
        seen = await self._link.seen()
        mended = 0
        for record in await read_all(self._controller.repository, ListQuery(kinds=(_KIND.key,))):
            schedule = from_record(record)
            there = seen.get(temporal_schedule_id(record.id))
            if there is None or there.note != note_of(plan_of(schedule)):
                mended += await self._mend(record.id)
            elif _tells_another_time(schedule, there, datetime.now(UTC)):
                await self._controller.run(partial(_replan, schedule_id=record.id, seen=there))
        return mended

    async def _mend(self, schedule_id: str) -> bool:
        try:
            await self.sync(schedule_id)
        except TemporalRefused as error:
            _log.error("refused", schedule=schedule_id, error=str(error))
            return False
        _log.info("mended", schedule=schedule_id)
        return True

    async def _plan(self, schedule_id: str) -> Plan | None:
        record = await self._controller.repository.get(_KIND.key, schedule_id)
        return None if record is None else plan_of(from_record(record))


def _tells_another_time(schedule: Resource, seen: Seen, now: datetime) -> bool:
    """Whether Temporal will fire at another time than the schedule says; what the list tells of the past is stale.

    The times are the same but for hours that a change of clocks repeats or leaves out: there Temporal's word counts.
    """
    if seen.next_fire is None or seen.next_fire <= now or plan_of(schedule).paused:
        return False
    return to_datetime(schedule.status.next_fire_at) != seen.next_fire


def _replan(unit: UnitOfWork, *, schedule_id: str, seen: Seen) -> None:
    schedule = unit.find(_KIND, schedule_id)
    if schedule is None or note_of(plan_of(schedule)) != seen.note or seen.next_fire is None:
        return  # changed meanwhile: compared again the next time
    schedule.status.next_fire_at.FromDatetime(seen.next_fire)
    unit.save(_KIND, schedule)
