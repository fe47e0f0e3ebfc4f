"""Schedule: starts an agent at the times of a cron expression. Temporal watches the clock; see `schedules`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.schedule.v1.enum_pb2 import ScheduleRunOutcome
from stigmer_api._pb.ai.stigmer.agentic.schedule.v1.io_pb2 import ScheduleRunList, ScheduleTriggerResult
from stigmer_api.cron import BadCron, BadTimeZone, parse_cron, time_zone
from stigmer_api.errors import FailedPrecondition, FieldViolation, NotFound
from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork
from stigmer_server.schedules import firing, runs
from stigmer_server.schedules.planning import enqueue_sync, plan_next

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("schedule")
_AGENT = kind_by_key("agent")
_LONGEST_CRON = 256
_LARGEST_PAGE = 1000
_DEFAULT_PAGE = 50
_MOST_AHEAD = timedelta(hours=1)
"""How far the clock of Temporal may be ahead of ours."""


class ScheduleStrategy(ResourceStrategy):
    """Checks the times, and has Temporal told about every change."""

    queryable = frozenset({"agent_id"})

    def check(self, resource: Resource) -> list[FieldViolation]:
        spec = resource.spec
        found = []
        if not spec.HasField("agent"):
            found.append(FieldViolation("spec.agent", "is required: the agent to start and the message for it"))
        if len(spec.cron) > _LONGEST_CRON:
            found.append(FieldViolation("spec.cron", f"has more than {_LONGEST_CRON} characters"))
        elif spec.cron:
            try:
                parse_cron(spec.cron)
            except BadCron as error:
                found.append(FieldViolation("spec.cron", str(error)))
        if spec.time_zone:
            try:
                time_zone(spec.time_zone)
            except BadTimeZone as error:
                found.append(FieldViolation("spec.time_zone", str(error)))
        return found

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        plan_next(resource, unit.now)
        enqueue_sync(unit, resource.metadata.id)

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        if resource.spec == stored.spec:
            return
        if resource.spec.enabled and not stored.spec.enabled:
            _forget_failures(resource)
        plan_next(resource, unit.now)
        enqueue_sync(unit, resource.metadata.id)

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        enqueue_sync(unit, resource.metadata.id)
        runs.delete_runs(unit, resource.metadata.id)

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        reference = resource.spec.agent.agent_ref
        if not reference.slug:
            return {}
        agent = unit.find_by_slug(_AGENT, reference.org or resource.metadata.org, reference.slug)
        return {} if agent is None else {"agent_id": agent.metadata.id}


async def trigger(services: Services, request: Any) -> ScheduleTriggerResult:
    """Make a run: now, by hand; or for a nominal time, once, which is what Temporal's firing asks for."""
    require_valid(request)
    occasion = _occasion(request)
    run = services.controller.run
    try:
        schedule, made = await run(lambda unit: firing.fire(unit, occasion))
    except firing.Refused as error:
        reason = str(error)
        schedule, made = await run(lambda unit: firing.refuse(unit, occasion, reason))
    except NotFound:
        if occasion.nominal is not None:  # Temporal has a schedule that is gone here: have it removed
            await run(lambda unit: enqueue_sync(unit, occasion.schedule_id))
        raise
    has_started = bool(made.execution_id)
    return ScheduleTriggerResult(
        schedule=schedule,  # type: ignore[arg-type]  # the message of this kind
        outcome=ScheduleRunOutcome.SCHEDULE_RUN_OUTCOME_STARTED if has_started else made.outcome,
        execution_id=made.execution_id,
        refusal_reason="" if has_started else made.reason,
    )


async def resume(services: Services, request: Any) -> Resource:
    """Let a schedule that too many failures have paused fire again. One that is not paused stays as it is."""
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        schedule = unit.require(_KIND, request.value)
        if not schedule.spec.enabled:
            raise FailedPrecondition(
                f"Schedule {schedule.metadata.slug!r} is disabled; apply it with spec.enabled: true",
                reason="SCHEDULE_DISABLED",
                metadata={"id": schedule.metadata.id},
            )
        if schedule.status.paused_reason:
            _forget_failures(schedule)
            plan_next(schedule, unit.now)
            unit.save(_KIND, schedule)
            enqueue_sync(unit, schedule.metadata.id)
        return schedule

    return await services.controller.run(work)


async def list_runs(services: Services, request: Any) -> ScheduleRunList:
    """The runs of a schedule, the latest first."""
    require_valid(request)
    if await services.repository.get(_KIND.key, request.schedule_id) is None:
        raise await services.controller.missing(_KIND, request.schedule_id, "")
    size, number = request.page_info.size, request.page_info.num
    if size < 0 or number < 0:
        raise violation("page_info", "size and num must not be negative")
    size = min(size or _DEFAULT_PAGE, _LARGEST_PAGE)
    return await runs.list_runs(services.repository, request.schedule_id, number=max(number, 1), size=size)


def _occasion(request: Any) -> firing.Occasion:
    if not request.HasField("nominal_fire_time"):
        return firing.by_hand(request.value, request.request_id)
    stamp = request.nominal_fire_time
    latest = datetime.now(UTC) + _MOST_AHEAD
    if not 0 < stamp.seconds <= latest.timestamp():  # before any arithmetic: a timestamp may be no moment at all
        raise violation("nominal_fire_time", "is not a time that has come")
    return firing.by_cron(request.value, datetime.fromtimestamp(stamp.seconds, UTC))


def _forget_failures(schedule: Resource) -> None:
    schedule.status.paused_reason = ""
    schedule.status.consecutive_failures = 0


REGISTRATION = Registration(
    _KIND,
    ScheduleStrategy(),
    unary={"trigger": trigger, "resume": resume, "listRuns": list_runs},
)
