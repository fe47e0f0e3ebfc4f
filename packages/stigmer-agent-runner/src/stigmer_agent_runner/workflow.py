"""The Temporal workflow of an agent execution: runs segments until one says that the execution has ended.

Deterministic: no I/O, no clock, no randomness. Everything that happens is in activities.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    is_cancelled_exception,
)
from temporalio.exceptions import (
    TimeoutError as TemporalTimeoutError,
)

with workflow.unsafe.imports_passed_through():
    from stigmer_agent_runner.contracts import REPORT_PAUSED, RUN_SEGMENT, SETTLE, TIMING, SegmentResult, Settlement
    from stigmer_api.temporal import (
        AGENT_EXECUTION,
        APPROVAL_DECIDED,
        SET_PAUSED,
        ApprovalDecided,
        ExecutionInput,
        PauseState,
    )

MAX_LOST_RUNNERS = 20
"""Segments in a row that may end by a timeout, because their runner died, before the execution itself is blamed."""

MAX_ATTEMPTS = 5
"""Attempts at one segment: enough for what passes by itself, few enough that a defect shows in a minute."""

_SETTLE_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


@workflow.defn(name=AGENT_EXECUTION, failure_exception_types=[Exception])
class AgentExecutionWorkflow:
    """One agent execution. Fails with the execution, and is cancelled with it, so that Temporal shows the truth."""

    def __init__(self) -> None:
        self._pause = PauseState(paused=False, number=0)
        self._nudges = 0

    @workflow.signal(name=SET_PAUSED)
    def set_paused(self, state: PauseState) -> None:
        """The server says that the execution is to hold, or to go on; an older word changes nothing."""
        if state.number > self._pause.number:
            self._pause = state

    @workflow.signal(name=APPROVAL_DECIDED)
    def approval_decided(self, _decided: ApprovalDecided) -> None:
        """Somebody answered: the next segment reads what. The answer itself is the server's."""
        self._nudges += 1

    @workflow.run
    async def run(self, execution: ExecutionInput) -> str:
        """Return "completed" or "gone"; raise ApplicationError when the execution failed."""
        try:
            result = await self._segments(execution)
        except asyncio.CancelledError:
            await self._settle(Settlement(execution.execution_id, "cancelled"))
            raise
        except FailureError as error:
            if is_cancelled_exception(error) or workflow.cancellation_reason() is not None:
                await self._settle(Settlement(execution.execution_id, "cancelled"))
                raise asyncio.CancelledError from error
            text = _reason(error)
            await self._settle(Settlement(execution.execution_id, "failed", text))
            raise ApplicationError(text, type="segment_failed", non_retryable=True) from error
        if result.outcome == "cancelled":
            await self._settle(Settlement(execution.execution_id, "cancelled"))  # does nothing when the segment did
            raise asyncio.CancelledError
        if result.outcome == "failed":
            raise ApplicationError(result.message, type=result.kind or "failed", non_retryable=True)
        return result.outcome

    async def _segments(self, execution: ExecutionInput) -> SegmentResult:
        lost = 0
        while True:
            if self._pause.paused:
                await self._hold(execution)
            heard = self._nudges
            try:
                result = await self._segment(execution)
                lost = 0
            except ActivityError as error:
                lost += 1
                died = isinstance(error.cause, TemporalTimeoutError)
                if not died or lost >= MAX_LOST_RUNNERS or workflow.cancellation_reason() is not None:
                    raise
                continue
            if result.outcome in {"waiting", "yielded"} and workflow.cancellation_reason() is not None:
                return SegmentResult("cancelled")  # the segment ended by itself just then, and took the cancel with it
            if result.outcome == "waiting":
                await self._wait_for_an_answer(heard, result.patience)
            elif result.outcome != "yielded":
                return result
            if workflow.info().is_continue_as_new_suggested() and not self._pause.paused:
                workflow.continue_as_new(execution)

    async def _wait_for_an_answer(self, heard: int, patience: float) -> None:
        """Wait, holding no worker, for an answer that the last segment had not heard, or until one is overdue."""
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._nudges > heard, timeout=patience or None)

    async def _hold(self, execution: ExecutionInput) -> None:
        """Wait between two segments, holding no worker, until the execution is to go on."""
        await workflow.execute_activity(
            REPORT_PAUSED,
            execution,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=_SETTLE_RETRY,
        )
        await workflow.wait_condition(lambda: not self._pause.paused)

    async def _segment(self, execution: ExecutionInput) -> SegmentResult:
        result: SegmentResult = await workflow.execute_activity(
            RUN_SEGMENT,
            execution,
            result_type=SegmentResult,
            start_to_close_timeout=timedelta(seconds=TIMING.start_to_close),
            heartbeat_timeout=timedelta(seconds=TIMING.heartbeat),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=TIMING.first_retry),
                maximum_interval=timedelta(seconds=30),
                maximum_attempts=MAX_ATTEMPTS,
            ),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        return result

    async def _settle(self, settlement: Settlement) -> None:
        await workflow.execute_activity(
            SETTLE,
            settlement,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=_SETTLE_RETRY,
            cancellation_type=workflow.ActivityCancellationType.ABANDON,
        )


def _reason(error: FailureError) -> str:
    cause = error.cause if isinstance(error, ActivityError) and error.cause is not None else error
    if isinstance(cause, TemporalTimeoutError):
        return "the agent runner stopped answering again and again while it ran this execution; see its log"
    text = cause.message if isinstance(cause, FailureError) else str(cause)
    return f"the agent runner failed repeatedly: {text}"
