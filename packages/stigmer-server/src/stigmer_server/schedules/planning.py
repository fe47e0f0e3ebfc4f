"""What a schedule says about its times, and what changes of it leave in the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from stigmer_api.cron import parse_cron, time_zone

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["MOST_FAILURES", "SYNC", "Plan", "count_failure", "enqueue_sync", "plan_next", "plan_of"]

SYNC = "sync-schedule"
"""Make the Temporal Schedule of the schedule `key` what the store says now; no payload."""

MOST_FAILURES = 5
"""So many failed runs in a row pause a schedule: it would fail for ever, and cost money each time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a Temporal Schedule is made of."""

    cron: str
    time_zone: str
    paused: bool


def plan_of(schedule: Resource) -> Plan:
    """The plan of a stored schedule."""
    spec = schedule.spec
    paused = not spec.enabled or bool(schedule.status.paused_reason)
    return Plan(" ".join(spec.cron.split()), spec.time_zone, paused)


def plan_next(schedule: Resource, now: datetime) -> None:
    """Fill in when the schedule fires next: nothing while it is disabled or paused."""
    plan = plan_of(schedule)
    following = None if plan.paused else parse_cron(plan.cron).next_after(now, time_zone(plan.time_zone))
    if following is None:
        schedule.status.ClearField("next_fire_at")
    else:
        schedule.status.next_fire_at.FromDatetime(following)


def enqueue_sync(unit: UnitOfWork, schedule_id: str) -> None:
    """Have Temporal told what the schedule is now."""
    unit.enqueue(SYNC, schedule_id, b"")


def count_failure(unit: UnitOfWork, schedule: Resource, reason: str) -> None:
    """Count a failed run of the cron expression; the schedule is paused when there were too many. The caller saves."""
    status = schedule.status
    status.consecutive_failures += 1
    if status.consecutive_failures >= MOST_FAILURES and not status.paused_reason:
        status.paused_reason = f"{status.consecutive_failures} runs in a row failed; the last one: {reason}"
        status.ClearField("next_fire_at")
        enqueue_sync(unit, schedule.metadata.id)
