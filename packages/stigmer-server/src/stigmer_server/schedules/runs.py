"""The record of the runs of a schedule, kept beside it in the store: one for each time that came or was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_api._pb.ai.stigmer.agentic.schedule.v1.io_pb2 import ScheduleRun, ScheduleRunList
from stigmer_server.resources.envelope import to_datetime
from stigmer_server.resources.listing import read_numbered_page
from stigmer_store import ListQuery, Repository, ResourceRecord

if TYPE_CHECKING:
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["KEPT", "delete_runs", "find_run", "list_runs", "save_run"]

_KIND = "schedule.run"
"""Kind of these records in the store. It is no kind of the API: no list or search of resources names it."""

KEPT = 1000
"""Runs kept of each schedule; the oldest go first."""


def find_run(unit: UnitOfWork, run_id: str) -> ScheduleRun | None:
    """The run with this id, or None."""
    record = unit.tx.get(_KIND, run_id)
    return None if record is None else ScheduleRun.FromString(record.body)


def save_run(unit: UnitOfWork, run_id: str, run: ScheduleRun) -> None:
    """Keep a new or changed run, and forget the oldest ones."""
    record = ResourceRecord(
        kind=_KIND,
        id=run_id,
        org=run.org,
        slug="",
        name="",
        revision=unit.tx.revision(),
        created_at=to_datetime(run.recorded_at),
        updated_at=unit.now,
        body=run.SerializeToString(deterministic=True),
        labels={},
        fields={"schedule_id": run.schedule_id},
    )
    unit.tx.put(record)
    oldest = unit.tx.list(_query(run.schedule_id, size=1))
    if oldest.total > KEPT:
        unit.tx.delete(_KIND, oldest.items[0].id)


def delete_runs(unit: UnitOfWork, schedule_id: str) -> None:
    """Forget all runs of a schedule."""
    while page := unit.tx.list(_query(schedule_id, size=KEPT)).items:
        for record in page:
            unit.tx.delete(_KIND, record.id)


async def list_runs(repository: Repository, schedule_id: str, *, number: int, size: int) -> ScheduleRunList:
    """Page `number` (from 1) of the runs, the latest recorded one first."""
    page = await read_numbered_page(repository, _query(schedule_id, size=size, newest_first=True), number)
    items = [ScheduleRun.FromString(record.body) for record in page.items]
    return ScheduleRunList(total_count=page.total, items=items)


def _query(schedule_id: str, *, size: int, newest_first: bool = False) -> ListQuery:
    return ListQuery(kinds=(_KIND,), fields={"schedule_id": schedule_id}, page_size=size, newest_first=newest_first)
