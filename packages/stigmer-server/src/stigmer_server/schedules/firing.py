"""Makes the execution of a run: once for each time of a schedule, however often it is asked to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ulid import ULID

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1.enum_pb2 import ApprovalMode
from stigmer_api._pb.ai.stigmer.agentic.schedule.v1.enum_pb2 import ScheduleRunOrigin, ScheduleRunOutcome
from stigmer_api._pb.ai.stigmer.agentic.schedule.v1.io_pb2 import ScheduleRun
from stigmer_api.errors import ApiError
from stigmer_api.kinds import kind_by_key
from stigmer_server.errors import ServerError
from stigmer_server.executions import phases
from stigmer_server.resources.envelope import Resource, new_resource
from stigmer_server.resources.metadata import slug_from_name
from stigmer_server.schedules.planning import count_failure, plan_next, plan_of
from stigmer_server.schedules.runs import find_run, save_run

if TYPE_CHECKING:
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["CATCH_UP", "LABEL", "Occasion", "Refused", "by_cron", "by_hand", "finish", "fire", "refuse"]

CATCH_UP = timedelta(hours=1)
"""How late a run may start, because Temporal, the runner or this server was away. Later ones are skipped."""

LABEL = "stigmer.ai/schedule"
"""Label of the executions of a schedule; its value is the id of that one."""

_SCHEDULE = kind_by_key("schedule")
_AGENT = kind_by_key("agent")
_INSTANCE = kind_by_key("agent_instance")
_EXECUTION = kind_by_key("agent_execution")

_CRON = ScheduleRunOrigin.SCHEDULE_RUN_ORIGIN_CRON
_MANUAL = ScheduleRunOrigin.SCHEDULE_RUN_ORIGIN_MANUAL
_STARTED = ScheduleRunOutcome.SCHEDULE_RUN_OUTCOME_STARTED
_SKIPPED = ScheduleRunOutcome.SCHEDULE_RUN_OUTCOME_SKIPPED
_REFUSED = ScheduleRunOutcome.SCHEDULE_RUN_OUTCOME_REFUSED
_MISSING = ScheduleRunOutcome.SCHEDULE_RUN_OUTCOME_TARGET_MISSING
_COMPLETED = ScheduleRunOutcome.SCHEDULE_RUN_OUTCOME_COMPLETED
_FAILED = ScheduleRunOutcome.SCHEDULE_RUN_OUTCOME_FAILED


class Refused(ServerError):
    """The execution of a run cannot be made; nothing of the attempt is kept. The text is for the user."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a run is made. `run_id` is its identity: the same one never makes a second execution."""

    schedule_id: str
    run_id: str
    nominal: datetime | None
    """The time that came; None for a run by hand, whose time is when it is asked for."""


def by_cron(schedule_id: str, nominal: datetime) -> Occasion:
    """A time of the cron expression has come."""
    return Occasion(schedule_id, f"{schedule_id}/{nominal:%Y-%m-%dT%H:%M:%SZ}", nominal)


def by_hand(schedule_id: str, request_id: str) -> Occasion:
    """Somebody wants a run now; without a request id each request is another one."""
    return Occasion(schedule_id, f"{schedule_id}/manual/{request_id or ULID()}", None)


def fire(unit: UnitOfWork, occasion: Occasion) -> tuple[Resource, ScheduleRun]:
    """The schedule and the run of an occasion, made when there is none yet.

    Raises NotFound when there is no such schedule, and Refused when the execution cannot be made: call `refuse` then.
    """
    schedule, run, is_new = _begin(unit, occasion)
    if not is_new:
        return schedule, run
    skip = _why_skip(unit, schedule, occasion) if occasion.nominal else ""
    agent = None if skip else _target(unit, schedule)
    if skip:
        run.outcome, run.reason = _SKIPPED, skip
    elif agent is None:
        run.outcome, run.reason = _MISSING, f"agent {schedule.spec.agent.agent_ref.slug!r} does not exist (any more)"
    else:
        try:
            run.execution_id = unit.create(_EXECUTION, _execution(unit, schedule, agent, occasion)).metadata.id
        except ApiError as error:
            raise Refused(error.message) from error
        run.outcome = _STARTED
        if not schedule.spec.enabled:
            run.reason = "started by hand; the schedule itself is disabled"
    _end(unit, schedule, occasion, run)
    return schedule, run


def refuse(unit: UnitOfWork, occasion: Occasion, reason: str) -> tuple[Resource, ScheduleRun]:
    """Record that the execution of an occasion could not be made."""
    schedule, run, is_new = _begin(unit, occasion)
    if is_new:
        run.outcome, run.reason = _REFUSED, reason
        _end(unit, schedule, occasion, run)
    return schedule, run


def finish(unit: UnitOfWork, execution: Resource) -> None:
    """Record how the run of an execution that has just ended went, when a schedule made it."""
    if LABEL not in execution.metadata.labels:
        return
    run_id = execution.metadata.request_id
    run = find_run(unit, run_id)
    if run is None or run.execution_id != execution.metadata.id or run.outcome != _STARTED:
        return
    phase = phases.phase_of(execution)
    run.outcome = _COMPLETED if phase == phases.COMPLETED else _FAILED
    run.reason = execution.status.error or ("" if run.outcome == _COMPLETED else _words(phase))
    run.completed_at.FromDatetime(unit.now)
    save_run(unit, run_id, run)
    schedule = unit.find(_SCHEDULE, run.schedule_id)
    if schedule is None or run.origin != _CRON:
        return
    if phase == phases.COMPLETED and schedule.status.consecutive_failures:
        schedule.status.consecutive_failures = 0
    elif phase == phases.FAILED:  # what somebody cancelled or terminated is no failure of the schedule
        count_failure(unit, schedule, run.reason)
    else:
        return
    unit.save(_SCHEDULE, schedule)


def _begin(unit: UnitOfWork, occasion: Occasion) -> tuple[Resource, ScheduleRun, bool]:
    schedule = unit.require(_SCHEDULE, occasion.schedule_id)
    known = find_run(unit, occasion.run_id)
    if known is not None:
        return schedule, known, False
    run = ScheduleRun(
        schedule_id=occasion.schedule_id,
        org=schedule.metadata.org,
        origin=_CRON if occasion.nominal else _MANUAL,
    )
    run.nominal_fire_time.FromDatetime(occasion.nominal or unit.now)
    run.recorded_at.FromDatetime(unit.now)
    return schedule, run, True


def _end(unit: UnitOfWork, schedule: Resource, occasion: Occasion, run: ScheduleRun) -> None:
    """Keep the run and what it means for its schedule."""
    if run.outcome == _STARTED:
        schedule.status.last_fire_at.CopyFrom(run.nominal_fire_time)
        schedule.status.last_execution_id = run.execution_id
    else:
        run.completed_at.FromDatetime(unit.now)
    if occasion.nominal:
        plan_next(schedule, unit.now)
        if run.outcome in {_MISSING, _REFUSED}:
            count_failure(unit, schedule, run.reason)
    save_run(unit, occasion.run_id, run)
    unit.save(_SCHEDULE, schedule)


def _why_skip(unit: UnitOfWork, schedule: Resource, occasion: Occasion) -> str:
    """Why a time that has come makes no execution; empty: it does."""
    if plan_of(schedule).paused:
        return f"the schedule is {'paused' if schedule.spec.enabled else 'disabled'}"
    if occasion.nominal and unit.now - occasion.nominal > CATCH_UP:
        return f"its time was more than {CATCH_UP.total_seconds() / 3600:g} h ago"
    last = unit.find(_EXECUTION, schedule.status.last_execution_id) if schedule.status.last_execution_id else None
    if last is not None and phases.phase_of(last) not in phases.TERMINAL:
        return f"{last.metadata.id}, the last run, has not ended"
    return ""


def _target(unit: UnitOfWork, schedule: Resource) -> Resource | None:
    reference = schedule.spec.agent.agent_ref
    return unit.find_by_slug(_AGENT, reference.org or schedule.metadata.org, reference.slug)


def _execution(unit: UnitOfWork, schedule: Resource, agent: Resource, occasion: Occasion) -> Resource:
    invocation = schedule.spec.agent
    execution = new_resource(_EXECUTION)
    metadata, spec = execution.metadata, execution.spec
    metadata.name = schedule.metadata.name
    metadata.org = schedule.metadata.org
    metadata.visibility = schedule.metadata.visibility
    metadata.request_id = occasion.run_id
    metadata.labels[LABEL] = schedule.metadata.id
    spec.agent_id = agent.metadata.id
    spec.message = invocation.message
    spec.session_spec.harness = invocation.harness
    spec.session_spec.workspace_entries.extend(invocation.workspace_entries)
    if invocation.environment_refs:
        spec.session_spec.agent_instance_id = _instance(unit, schedule, agent)
    config, wanted = spec.execution_config, invocation.run_config
    config.approval_mode = ApprovalMode.APPROVAL_MODE_UNATTENDED  # nobody is there to be asked
    for field, value in wanted.ListFields():
        setattr(config, field.name, value)
    return execution


def _instance(unit: UnitOfWork, schedule: Resource, agent: Resource) -> str:
    """Id of the agent instance with the environments of the schedule, made or brought up to date."""
    slug = slug_from_name(f"{schedule.metadata.slug}-schedule")
    known = unit.find_by_slug(_INSTANCE, schedule.metadata.org, slug)
    instance = known or new_resource(_INSTANCE)
    before = instance.spec.SerializeToString(deterministic=True)
    instance.spec.agent_id = agent.metadata.id
    instance.spec.description = f"Environments of the schedule {schedule.metadata.slug}"
    del instance.spec.environment_refs[:]
    instance.spec.environment_refs.extend(schedule.spec.agent.environment_refs)
    if known is not None:
        if before != instance.spec.SerializeToString(deterministic=True):
            unit.amend(_INSTANCE, instance)
        return known.metadata.id
    instance.metadata.name = f"{schedule.metadata.name}-schedule"
    instance.metadata.slug = slug
    instance.metadata.org = schedule.metadata.org
    return unit.create(_INSTANCE, instance).metadata.id


def _words(phase: str) -> str:
    return f"the execution was {phase.removeprefix('EXECUTION_').lower()}"
