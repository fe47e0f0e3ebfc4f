"""The activities: thin edges between Temporal and the segment runner, where every exception is typed and logged."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from stigmer_agent_runner.contracts import REPORT_PAUSED, RUN_SEGMENT, SETTLE, SegmentResult, Settlement
from stigmer_agent_runner.engine.protocol import Control, StopReason
from stigmer_agent_runner.status.reducer import TERMINAL, StatusReducer
from stigmer_agent_runner.status.sink import RESTART_GAP
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, io_pb2
from stigmer_api.errors import ApiError, InvalidArgument, NotFound, Unimplemented
from stigmer_api.temporal import ExecutionInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from stigmer_agent_runner.segment import SegmentRunner
    from stigmer_agent_runner.server import Server
    from stigmer_agent_runner.settings import Settings
    from stigmer_agent_runner.status.clock import Clock

_log = structlog.get_logger(__name__)

_PHASES = {"failed": enum_pb2.EXECUTION_FAILED, "cancelled": enum_pb2.EXECUTION_CANCELLED}


class Activities:
    """Bound activities of one process."""

    def __init__(self, runner: SegmentRunner, server: Server, settings: Settings, clock: Clock) -> None:
        self._runner = runner
        self._server = server
        self._settings = settings
        self._clock = clock

    @activity.defn(name=RUN_SEGMENT)
    async def run_segment(self, execution: ExecutionInput) -> SegmentResult:
        """Run one segment; asks it to stop at the end of its slice, at shutdown and when Temporal cancels."""
        control = Control()
        async with self._lifeline(control):
            running = asyncio.create_task(self._guarded(execution.execution_id, control))
            while not running.done():
                try:
                    await asyncio.shield(running)
                except asyncio.CancelledError:
                    if running.cancelled():
                        raise
                    control.request(_why_cancelled())
            return _final(running.result(), control)

    @activity.defn(name=SETTLE)
    async def settle(self, settlement: Settlement) -> None:
        """Report a terminal phase for an execution that no segment could end."""
        try:
            with _hopeless_at_once():
                await self._settle(settlement)
        except NotFound:
            _log.info("execution is gone, nothing to settle", execution_id=settlement.execution_id)

    async def _settle(self, settlement: Settlement) -> None:
        stored = await self._server.execution(settlement.execution_id)
        if stored.status.phase in TERMINAL:
            return
        reducer = StatusReducer(stored.status)
        reducer.begin(stored.spec.message, self._clock.now())
        reducer.finish(_PHASES[settlement.phase], self._clock.now(), settlement.error)
        sequence = stored.status.sequence + RESTART_GAP
        report = io_pb2.AgentExecutionUpdateStatusInput(
            execution_id=settlement.execution_id, status=reducer.take(), sequence=sequence
        )
        await self._server.report(report)

    @activity.defn(name=REPORT_PAUSED)
    async def report_paused(self, execution: ExecutionInput) -> None:
        """Report that an execution holds between two segments."""
        with contextlib.suppress(NotFound), _hopeless_at_once():
            stored = await self._server.execution(execution.execution_id)
            if stored.status.phase in {*TERMINAL, enum_pb2.EXECUTION_PAUSED}:
                return
            sequence = stored.status.sequence + RESTART_GAP
            report = io_pb2.AgentExecutionUpdateStatusInput(execution_id=execution.execution_id, sequence=sequence)
            report.status.phase = enum_pb2.EXECUTION_PAUSED
            report.status.sequence = sequence
            await self._server.report(report)

    async def _guarded(self, execution_id: str, control: Control) -> SegmentResult:
        """Run a segment and turn whatever it raises into a typed error: an untyped one would say nothing to a user."""
        try:
            result = await self._runner.run(execution_id, control)
        except Exception as error:
            _log.exception("segment failed", execution_id=execution_id)
            raise ApplicationError(f"{type(error).__name__}: {error}", type=type(error).__name__) from error
        if result.outcome == "failed":
            _log.info("execution failed", execution_id=execution_id, kind=result.kind, error=_summary(result))
        else:
            _log.info("segment ended", execution_id=execution_id, outcome=result.outcome)
        return result

    @contextlib.asynccontextmanager
    async def _lifeline(self, control: Control) -> AsyncIterator[None]:
        """Beat by the clock, not by the run's progress, and pass on why the run should stop."""
        timer = asyncio.get_running_loop().call_later(self._settings.slice_seconds, control.request, StopReason.SLICE)
        tasks = [asyncio.create_task(self._beat()), asyncio.create_task(_watch_shutdown(control))]
        try:
            yield
        finally:
            timer.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(self._settings.heartbeat_seconds / 5)


@contextlib.contextmanager
def _hopeless_at_once() -> Iterator[None]:
    """Make failures of the server typed, so that Temporal repeats those that may pass; NotFound passes through."""
    try:
        yield
    except NotFound:
        raise
    except ApiError as error:
        hopeless = isinstance(error, InvalidArgument | Unimplemented)
        raise ApplicationError(str(error), type=error.reason, non_retryable=hopeless) from error


def _summary(result: SegmentResult) -> str:
    """The first line of an error: what follows it may quote files and models, which no log repeats."""
    return result.message.partition("\n")[0][:300]


def _why_cancelled() -> StopReason:
    """A user's cancel ends the execution; anything else (shutdown, lost by Temporal) leaves it to another segment."""
    details = activity.cancellation_details()
    return StopReason.CANCEL if details is not None and details.cancel_requested else StopReason.SHUTDOWN


def _final(result: SegmentResult, control: Control) -> SegmentResult:
    """A cancel that came while the run was already stopping must not get lost."""
    unfinished = result.outcome in {"yielded", "waiting"}
    return SegmentResult("cancelled") if unfinished and control.reason is StopReason.CANCEL else result


async def _watch_shutdown(control: Control) -> None:
    await activity.wait_for_worker_shutdown()
    control.request(StopReason.SHUTDOWN)
