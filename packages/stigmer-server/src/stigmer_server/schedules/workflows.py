"""Workflows whose document has a `schedule`: a Temporal Schedule for `cron` and `every`, a run for ever for `after`.

Those with `on` have a run that waits for events: see `triggers.py`.

The store decides what there should be; Temporal is told through the outbox, and again at every start of a server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    WorkflowExecutionStatus,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from stigmer_api.dsl import schedule as documents
from stigmer_api.dsl.loader import load_text
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.kinds import kind_by_key
from stigmer_api.temporal import (
    WORKFLOW_EXECUTION_QUEUE,
    WORKFLOW_FIRE,
    WorkflowFire,
    temporal_workflow_schedule_id,
)
from stigmer_server.executions.temporal import TemporalAway, TemporalRefused
from stigmer_server.resources.envelope import from_record
from stigmer_server.resources.listing import read_all
from stigmer_server.schedules.firing import CATCH_UP
from stigmer_server.schedules.temporal import calendars_of
from stigmer_server.schedules.triggers import arm, disarm
from stigmer_store import ListQuery, OutboxItem, StoreError

if TYPE_CHECKING:
    from stigmer_server.executions.temporal import TemporalLink
    from stigmer_server.resources.controller import Controller
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork
    from stigmer_server.schedules.triggers import WorkflowTriggers

__all__ = ["SYNC_WORKFLOW", "WorkflowSchedules", "follow_schedule", "forget_schedule"]

SYNC_WORKFLOW: Final = "sync-workflow-schedule"
"""Make what Temporal has for the workflow `key` what its document says now; no payload."""

T = TypeVar("T")
_KIND = kind_by_key("workflow")
_AFTER: Final = "stigmer_after"
_RETRY_SECONDS: Final = 5.0
_log = structlog.get_logger("stigmer.schedules")


def follow_schedule(unit: UnitOfWork, workflow: Resource, stored: Resource | None = None) -> None:
    """Have Temporal told about a workflow that has a schedule, or had one."""
    if _may_have_one(workflow) or (stored is not None and _may_have_one(stored)):
        unit.enqueue(SYNC_WORKFLOW, workflow.metadata.id, b"")
    arm(unit, workflow, _schedule_of(workflow))


def forget_schedule(unit: UnitOfWork, workflow: Resource) -> None:
    """Have a workflow that is deleted started by nothing any more."""
    if _may_have_one(workflow):
        unit.enqueue(SYNC_WORKFLOW, workflow.metadata.id, b"")
    disarm(unit, workflow)
    unit.tx.delete_events(workflow.metadata.id)


def _may_have_one(workflow: Resource) -> bool:
    return "schedule" in workflow.spec.source


def _schedule_of(workflow: Resource) -> documents.Schedule | None:
    if not _may_have_one(workflow):
        return None
    try:
        return documents.schedule_of(load_text(workflow.spec.source).value)
    except (DocumentInvalidError, ValueError):  # an older server took it; no run of it would start either
        return None


class WorkflowSchedules:
    """`deliver` serves the outbox; `run` looks at every workflow once, in case Temporal lost what it had."""

    def __init__(self, controller: Controller, temporal: TemporalLink, triggers: WorkflowTriggers) -> None:
        self._controller = controller
        self._temporal = temporal
        self._triggers = triggers

    async def deliver(self, item: OutboxItem) -> None:
        """Tell Temporal about the workflow of an outbox item. Raises TemporalAway, TemporalRefused."""
        await self.sync(item.key)

    async def run(self) -> None:
        """Compare every workflow that has a schedule, once Temporal answers; then there is nothing more to do."""
        while True:
            try:
                for record in await read_all(self._controller.repository, ListQuery(kinds=(_KIND.key,))):
                    workflow = from_record(record)
                    if _may_have_one(workflow):
                        await self.sync(record.id)
                        await self._triggers.keep(workflow)
                break
            except (TemporalAway, StoreError) as error:
                _log.debug("cannot compare with Temporal", error=str(error))
            except TemporalRefused as error:
                _log.error("refused", error=str(error))
                break
            await asyncio.sleep(_RETRY_SECONDS)
        await asyncio.Event().wait()  # the server's parts run until they are cancelled

    async def sync(self, workflow_id: str) -> None:
        """Make Temporal's side what the store says now, also when that changes meanwhile."""
        wanted = await self._wanted(workflow_id)
        while True:
            await self._apply(workflow_id, wanted)
            newest = await self._wanted(workflow_id)
            if newest == wanted:
                return
            wanted = newest

    async def _wanted(self, workflow_id: str) -> documents.Schedule | None:
        record = await self._controller.repository.get(_KIND.key, workflow_id)
        return None if record is None else await asyncio.to_thread(_schedule_of, from_record(record))

    async def _apply(self, workflow_id: str, wanted: documents.Schedule | None) -> None:
        after = None if wanted is None else wanted.after
        timed = wanted if wanted is not None and (wanted.cron or wanted.every is not None) else None

        async def work(client: Client) -> None:
            await (_remove_schedule(client, workflow_id) if timed is None else _put(client, workflow_id, timed))
            await (_stop(client, workflow_id) if after is None else _keep_running(client, workflow_id, after))

        try:
            await self._temporal.on_client(work)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # the namespace, or removed between two calls
                raise TemporalAway(error.message) from error
            raise TemporalRefused(error.message) from error


class _Gone(Exception):
    """There is no such thing on Temporal."""


async def _unless_gone(call: Awaitable[T]) -> T:
    """The result of a call. Raises `_Gone` when what it is about does not exist."""
    try:
        return await call
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and "namespace" not in error.message.lower():
            raise _Gone from error
        raise


async def _put(client: Client, workflow_id: str, wanted: documents.Schedule) -> None:
    schedule_id = temporal_workflow_schedule_id(workflow_id)
    made = _made(workflow_id, wanted)
    try:
        await client.create_schedule(schedule_id, made)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(lambda _: ScheduleUpdate(schedule=made))


def _made(workflow_id: str, wanted: documents.Schedule) -> Schedule:
    """A cron time that comes while the last run lasts is left out; `every` starts whatever still runs."""
    if wanted.cron:
        spec, overlap = ScheduleSpec(calendars=calendars_of(wanted.cron)), ScheduleOverlapPolicy.SKIP
    else:
        interval = ScheduleIntervalSpec(every=timedelta(seconds=wanted.every or documents.LEAST_SECONDS))
        spec, overlap = ScheduleSpec(intervals=[interval]), ScheduleOverlapPolicy.ALLOW_ALL
    return Schedule(
        action=ScheduleActionStartWorkflow(
            WORKFLOW_FIRE,
            WorkflowFire(workflow_id),
            id=f"{WORKFLOW_FIRE}/{workflow_id}",  # Temporal appends the nominal time
            task_queue=WORKFLOW_EXECUTION_QUEUE,
        ),
        spec=spec,
        policy=SchedulePolicy(overlap=overlap, catchup_window=CATCH_UP),
    )


async def _remove_schedule(client: Client, workflow_id: str) -> None:
    with suppress(_Gone):
        await _unless_gone(client.get_schedule_handle(temporal_workflow_schedule_id(workflow_id)).delete())


async def _keep_running(client: Client, workflow_id: str, after: float) -> None:
    """Have one run that starts the workflow again and again; one with another delay is replaced."""
    run_id = temporal_workflow_schedule_id(workflow_id)
    with suppress(_Gone):
        found = await _unless_gone(client.get_workflow_handle(run_id).describe())
        memo = await found.memo()
        if found.status is WorkflowExecutionStatus.RUNNING and memo.get(_AFTER) == after:
            return
    await client.start_workflow(
        WORKFLOW_FIRE,
        WorkflowFire(workflow_id, after),
        id=run_id,
        task_queue=WORKFLOW_EXECUTION_QUEUE,
        memo={_AFTER: after},
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )


async def _stop(client: Client, workflow_id: str) -> None:
    handle = client.get_workflow_handle(temporal_workflow_schedule_id(workflow_id))
    with suppress(_Gone):
        await _unless_gone(handle.terminate("the workflow has no such schedule any more"))
