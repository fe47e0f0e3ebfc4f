"""What starts a workflow by events: one run for each `schedule.on` that is in force, as long as it is.

The server signals it every event that may count, in the order of their publication. It makes one execution for each
complete set, in order, and waits for none of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from stigmer_api.dsl.errors import DslError
from stigmer_api.dsl.expressions import Meter
from stigmer_api.dsl.schedule import compile_trigger
from stigmer_api.temporal import EVENT_RECEIVED, STOP_AWAITING, WORKFLOW_AWAIT, EventReceived, WorkflowAwait
from stigmer_workflow_runner.correlating import Correlator, EventJudge
from stigmer_workflow_runner.engine import BREATHE_AFTER
from stigmer_workflow_runner.json_text import size_of
from stigmer_workflow_runner.runtime import FIRE_BY_EVENTS
from stigmer_workflow_runner.temporal_runtime import HISTORY_BYTES, SERVER_RETRY

AT_ONCE: Final = 50
"""Executions that one activity makes, one after the other."""

BATCH_BYTES: Final = 1_000_000
"""Bytes of their inputs together; a larger one goes alone."""

CARRIED_BYTES: Final = 500_000
"""Bytes of events and sets that a run hands on beside its open sets; with more it works them off first."""

_RETRY: Final = RetryPolicy(
    initial_interval=SERVER_RETRY.initial_interval, maximum_interval=SERVER_RETRY.maximum_interval
)


@workflow.defn(name=WORKFLOW_AWAIT, failure_exception_types=[DslError])
class WorkflowAwaitRun:
    """`arrived` are events that nobody looked at, `ready` are sets that have no execution yet."""

    @workflow.init
    def __init__(self, awaiting: WorkflowAwait) -> None:
        carried = awaiting.carried or {}
        self._awaiting = awaiting
        self._arrived: list[list[Any]] = carried.get("arrived", [])
        self._ready: list[dict[str, Any]] = carried.get("ready", [])
        self._stopping: bool = carried.get("stopping", False)
        self._correlator = Correlator(compile_trigger(awaiting.trigger), carried.get("correlator"))
        self._moved = False

    @workflow.signal(name=EVENT_RECEIVED)
    def event_received(self, received: EventReceived) -> None:
        """An event was published."""
        if not self._stopping:
            self._arrived.append([received.id, received.event])

    @workflow.signal(name=STOP_AWAITING)
    def stop_awaiting(self) -> None:
        """The schedule is not in force any more; what came before counts."""
        self._stopping = True

    @workflow.run
    async def run(self, awaiting: WorkflowAwait) -> int:
        """Until it is stopped; gives how many open sets were forgotten because there were too many."""
        while True:
            await workflow.wait_condition(lambda: bool(self._arrived or self._ready or self._stopping))
            await self._look()
            await self._start(awaiting)
            if self._stopping and not self._arrived and not self._ready:
                return self._correlator.forgotten
            if self._moved and self._is_long():
                workflow.continue_as_new(self._handed_on(awaiting))

    async def _look(self) -> None:
        """Look at what arrived until there is enough to do."""
        meter, forgotten = Meter(), self._correlator.forgotten
        judge = EventJudge(workflow.time(), meter)
        while self._arrived and len(self._ready) < AT_ONCE:
            if meter.spent > BREATHE_AFTER:
                await workflow.sleep(timedelta(milliseconds=1))
                meter.spent = 0
            delivery, event = self._arrived.pop(0)
            complete = self._correlator.offer(delivery, event, judge)
            self._moved = True
            if complete is not None:
                self._ready.append(complete)
        if self._correlator.forgotten > forgotten:
            workflow.logger.warning(
                "%s waits for the rest of too many sets of events: the oldest were forgotten",
                self._awaiting.workflow_id,
            )

    async def _start(self, awaiting: WorkflowAwait) -> None:
        """Make the executions of what is ready. The activity says itself which of them cannot be."""
        if not self._ready:
            return
        batch = _batch(self._ready)
        argument = {"workflow_id": awaiting.workflow_id, "arming": awaiting.arming, "sets": batch}
        try:
            await workflow.execute_activity(
                FIRE_BY_EVENTS, argument, start_to_close_timeout=timedelta(minutes=2), retry_policy=_RETRY
            )
        except ActivityError as error:
            workflow.logger.warning("no execution could be made: %s", error.cause)
        self._moved = True
        del self._ready[: len(batch)]

    def _is_long(self) -> bool:
        info = workflow.info()
        if not info.is_continue_as_new_suggested() and info.get_current_history_size() <= HISTORY_BYTES:
            return False
        return size_of([self._arrived, self._ready]) <= CARRIED_BYTES

    def _handed_on(self, awaiting: WorkflowAwait) -> WorkflowAwait:
        carried = {
            "arrived": self._arrived,
            "ready": self._ready,
            "stopping": self._stopping,
            "correlator": self._correlator.to_json(),
        }
        return WorkflowAwait(awaiting.workflow_id, awaiting.arming, awaiting.trigger, carried)


def _batch(ready: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first sets that one activity can take."""
    total, found = 0, list[dict[str, Any]]()
    for item in ready[:AT_ONCE]:
        total += size_of(item)
        if found and total > BATCH_BYTES:
            break
        found.append(item)
    return found
