"""What starts a scheduled workflow: makes one execution and lives as long as it, so that Temporal knows what overlaps.

With `after` it goes on for ever: an execution, the delay, the next one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError

from stigmer_api.temporal import CHILD_FINISHED, WORKFLOW_FIRE, ChildFinished, WorkflowFire
from stigmer_workflow_runner.temporal_runtime import CHILD_POLL, SERVER_RETRY

_NOMINAL = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_GONE_PAUSE = timedelta(minutes=1)


@workflow.defn(name=WORKFLOW_FIRE)
class WorkflowFireRun:
    """One time of a schedule, or all of them for `after`."""

    def __init__(self) -> None:
        self._finished: set[str] = set()

    @workflow.signal(name=CHILD_FINISHED)
    def child_finished(self, event: ChildFinished) -> None:
        """The server says that the execution is terminal."""
        self._finished.add(event.execution_id)

    @workflow.run
    async def run(self, fire: WorkflowFire) -> str:
        """Give the id of the execution, or why there is none."""
        info = workflow.info()
        nominal = info.typed_search_attributes.get(_NOMINAL)
        key = info.run_id if nominal is None else nominal.isoformat()
        try:
            answer: dict[str, Any] = await self._ask("fire_workflow", {"workflow_id": fire.workflow_id, "key": key})
        except ActivityError as error:
            workflow.logger.warning("no execution could be made: %s", error.cause)
            answer = {"id": "", "reason": str(error.cause)}
        if answer["id"]:
            await self._ended(answer["id"])
        if fire.after is not None:
            await workflow.sleep(timedelta(seconds=fire.after) if answer["id"] else _GONE_PAUSE)
            workflow.continue_as_new(fire)
        return str(answer["id"] or answer["reason"])

    async def _ended(self, execution_id: str) -> None:
        """Wait for the signal, and look by ourselves now and then in case it was lost."""
        while execution_id not in self._finished:
            try:
                await workflow.wait_condition(lambda: execution_id in self._finished, timeout=CHILD_POLL)
            except TimeoutError:
                found = await self._ask("read_child", {"kind": "workflow", "id": execution_id})
                if found["terminal"]:
                    return

    async def _ask(self, activity: str, argument: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await workflow.execute_activity(
            activity,
            argument,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(
                initial_interval=SERVER_RETRY.initial_interval, maximum_interval=timedelta(seconds=30)
            ),
        )
        return found
