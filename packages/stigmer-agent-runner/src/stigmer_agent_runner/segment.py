"""One segment of an execution: load, lock the session, run the engine, report, and say how it ended.

A segment may die anywhere; the next one finds what was saved and goes on. While the server is away a segment waits
and then yields, so that an outage uses up no attempts.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
from typing import TYPE_CHECKING

import structlog

from stigmer_agent_runner.approvals.stored import expired, seconds_left
from stigmer_agent_runner.checkpoints.marks import Marks
from stigmer_agent_runner.checkpoints.opening import session_store
from stigmer_agent_runner.checkpoints.whereabouts import notice_of_files
from stigmer_agent_runner.contracts import TIMING, SegmentResult
from stigmer_agent_runner.engine.protocol import (
    Cancelled,
    Completed,
    Control,
    Failed,
    Outcome,
    StopReason,
    Waiting,
    Yielded,
)
from stigmer_agent_runner.errors import ExecutionGone, ResolveError, SegmentFailed, ToolError
from stigmer_agent_runner.forking import copied, note_end
from stigmer_agent_runner.planning import remember_plan, with_plan
from stigmer_agent_runner.redaction import ACTIVE
from stigmer_agent_runner.resolve import resolve
from stigmer_agent_runner.safety import secrets_of
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.status.reducer import TERMINAL, StatusReducer
from stigmer_agent_runner.status.sink import StatusSink
from stigmer_agent_runner.tools.guard import Outside, guarded
from stigmer_agent_runner.tools.tool import Toolset
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api.errors import ApiError, FailedPrecondition, InvalidArgument, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from typing import TypeVar

    from stigmer_agent_runner.checkpoints.protocol import Checkpoints
    from stigmer_agent_runner.engine.protocol import Segment
    from stigmer_agent_runner.engine.registry import Engines
    from stigmer_agent_runner.resolve import Resolved
    from stigmer_agent_runner.server import Server
    from stigmer_agent_runner.settings import Settings
    from stigmer_agent_runner.status.clock import Clock
    from stigmer_agent_runner.tools.tool import Tool, ToolSource
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import api_pb2 as execution_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import io_pb2

    T = TypeVar("T")

_log = structlog.get_logger(__name__)

_FLUSH_SECONDS = 30.0
_SERVER_BACKOFF = (0.2, 5.0)
_CANCEL_SECONDS = 5.0
"""How long a cancelled run may take to reach a safe point."""

_HOPELESS = (NotFound, InvalidArgument, FailedPrecondition)


class SegmentRunner:
    """Runs segments; one instance serves the process."""

    def __init__(
        self, server: Server, engines: Engines, settings: Settings, clock: Clock, sources: Sequence[ToolSource] = ()
    ) -> None:
        self._sources = sources
        self._sessions = session_store(settings)
        self._server = server
        self._engines = engines
        self._settings = settings
        self._clock = clock

    async def run(self, execution_id: str, control: Control) -> SegmentResult:
        """Run one segment. An exception is a defect or a fault of this machine: the segment may be tried again."""
        try:
            execution = await self._patiently(lambda: self._server.execution(execution_id), control)
            if execution is None:
                return SegmentResult.of(control.outcome())
            return await self._locked(execution, control)
        except NotFound:
            return SegmentResult("gone", message=f"execution {execution_id} does not exist any more")
        except ExecutionGone as error:
            return SegmentResult("gone", message=str(error))

    async def _locked(self, execution: execution_pb2.AgentExecution, control: Control) -> SegmentResult:
        try:
            paths = SessionPaths.of(self._settings.home, execution.spec.session_id)
        except ResolveError as error:
            async with self._sink(execution, control) as sink:
                return await self._finish(sink, execution, Failed(error.kind, str(error)))
        await asyncio.to_thread(paths.prepare)
        async with self._sessions.open(execution.spec.session_id, paths, control) as checkpoints:
            if checkpoints is None:
                return SegmentResult.of(control.outcome())
            fresh = await self._patiently(lambda: self._server.execution(execution.metadata.id), control)
            if fresh is None:
                return SegmentResult.of(control.outcome())
            if fresh.status.phase in TERMINAL:
                return SegmentResult.of_phase(enum_pb2.ExecutionPhase.Name(fresh.status.phase), fresh.status.error)
            answered = await self._patiently(lambda: self._with_expired_rejected(fresh), control)
            if answered is None:
                return SegmentResult.of(control.outcome())
            return await self._reported(answered, checkpoints, control)

    async def _with_expired_rejected(self, execution: execution_pb2.AgentExecution) -> execution_pb2.AgentExecution:
        """Reject what nobody answered in time. The server decides: an answer that came meanwhile holds."""
        overdue = list(expired(execution, self._clock.now()))
        for call_id in overdue:
            with contextlib.suppress(FailedPrecondition):
                await self._server.reject(execution.metadata.id, call_id, "Nobody answered in time.")
        return await self._server.execution(execution.metadata.id) if overdue else execution

    async def _reported(
        self, execution: execution_pb2.AgentExecution, checkpoints: Checkpoints, control: Control
    ) -> SegmentResult:
        async with self._sink(execution, control) as sink:
            try:
                resolved = await self._patiently(
                    lambda: resolve(execution, self._server, self._settings, os.environ), control
                )
            except ResolveError as error:
                return await self._finish(sink, execution, Failed(error.kind, str(error)))
            if resolved is None:
                return await self._finish(sink, execution, control.outcome())
            sink.redactor = resolved.segment.redactor
            with ACTIVE.holding(secrets_of(resolved.segment)):
                for notice in resolved.notices:
                    sink.emit(notice)
                try:
                    outcome = await self._outcome(resolved, checkpoints, sink, control)
                except (ResolveError, ToolError) as error:
                    outcome = Failed(error.kind, str(error))
                return await self._finish(sink, execution, outcome)

    async def _outcome(
        self, resolved: Resolved, checkpoints: Checkpoints, sink: StatusSink, control: Control
    ) -> Outcome:
        segment = dataclasses.replace(resolved.segment, store=checkpoints)
        fork = resolved.fork
        if fork is not None and not await copied(fork, segment, self._sessions, sink.emit, control):
            return control.outcome()
        marks = Marks(checkpoints, segment.session_id)
        told = await with_plan(segment, marks, builds=resolved.builds)
        async with self._with_tools(told, marks, sink) as ready:
            outcome = await self._engine(ready, sink, control)
        if isinstance(outcome, Completed):
            await remember_plan(told, marks, outcome.text)
            await note_end(marks, segment.execution_id, outcome.at)
        return outcome

    @contextlib.asynccontextmanager
    async def _with_tools(self, segment: Segment, marks: Marks, sink: StatusSink) -> AsyncIterator[Segment]:
        """Open every source of tools for one segment."""
        async with contextlib.AsyncExitStack() as stack:
            found: list[Tool] = []
            for source in self._sources:
                found.extend(await stack.enter_async_context(source.open(segment, sink.emit)))
            outside = await Outside.of(segment.paths.root, marks)
            if (notice := await notice_of_files(marks, segment.paths.root)) is not None:
                sink.emit(notice)
            tools = guarded(found, outside, segment.redactor, self._settings.after_untrusted)
            yield dataclasses.replace(segment, tools=Toolset.of(tools))

    def _sink(self, execution: execution_pb2.AgentExecution, control: Control) -> StatusSink:
        async def send(report: io_pb2.AgentExecutionUpdateStatusInput) -> None:
            response = await self._server.report(report)
            if response.signal == enum_pb2.EXECUTION_CONTROL_SIGNAL_STOP:
                control.request(StopReason.CANCEL)
            elif response.signal == enum_pb2.EXECUTION_CONTROL_SIGNAL_PAUSE:
                control.request(StopReason.SLICE)  # the workflow holds before the next segment

        def gone() -> None:
            control.request(StopReason.CANCEL)

        reducer = StatusReducer(execution.status)
        reducer.begin(execution.spec.message, self._clock.now())
        return StatusSink(reducer, send, execution.metadata.id, self._clock, gone)

    async def _engine(self, segment: Segment, sink: StatusSink, control: Control) -> Outcome:
        engine = await asyncio.to_thread(self._engines.get, segment.model.provider.engine)
        running = asyncio.create_task(engine.run(segment, sink.emit, control), name=f"engine-{segment.execution_id}")
        stopping = asyncio.create_task(control.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await self._wait_for_safe_point(running, control)
            return running.result() if running.done() and not running.cancelled() else control.outcome()
        finally:
            for task in (running, stopping):
                task.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)

    async def _wait_for_safe_point(self, running: asyncio.Task[Outcome], control: Control) -> None:
        """Give a run that was asked to stop its time; another reason that comes meanwhile may shorten it.

        What is cut off was not saved and is done again by the next segment.
        """
        loop = asyncio.get_running_loop()
        reason, deadline = control.reason, loop.time() + self._grace(control)
        while not running.done() and (left := deadline - loop.time()) > 0:
            await asyncio.wait({running}, timeout=min(left, 0.5))
            if control.reason is not reason:
                reason, deadline = control.reason, min(deadline, loop.time() + self._grace(control))
        if not running.done():
            _log.warning("run cut off before a safe point", task=running.get_name(), reason=str(control.reason))
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({running})

    def _grace(self, control: Control) -> float:
        """Seconds until a cut-off. At a slice's end nearly all that the activity has: a slow model must get through."""
        if control.reason is StopReason.CANCEL:
            return _CANCEL_SECONDS
        if control.reason is StopReason.SHUTDOWN:
            return self._settings.drain_seconds * 0.6
        return TIMING.start_to_close - self._settings.slice_seconds - 2 * _FLUSH_SECONDS

    async def _finish(
        self, sink: StatusSink, execution: execution_pb2.AgentExecution, outcome: Outcome
    ) -> SegmentResult:
        now = self._clock.now()
        match outcome:
            case Completed():
                sink.reducer.status.structured_output.update(dict(outcome.structured or {}))
                sink.reducer.finish(enum_pb2.EXECUTION_COMPLETED, now)
            case Cancelled():
                sink.reducer.finish(enum_pb2.EXECUTION_CANCELLED, now)
            case Failed(retryable=True):
                await sink.flush(_FLUSH_SECONDS)
                raise SegmentFailed(outcome.message)
            case Failed():
                sink.reducer.finish(enum_pb2.EXECUTION_FAILED, now, outcome.message)
            case Waiting():
                sink.reducer.wait()
            case Yielded():
                pass  # the execution goes on in another segment
        if not await sink.flush(_FLUSH_SECONDS):
            _log.warning("segment ends before its report arrived", execution_id=execution.metadata.id)
            return SegmentResult.of(Yielded())
        result = SegmentResult.of(outcome)
        if isinstance(outcome, Waiting):
            return dataclasses.replace(result, patience=seconds_left(sink.reducer.status, now))
        return result

    async def _patiently(self, call: Callable[[], Awaitable[T]], control: Control) -> T | None:
        """Return the result of a call of the server, repeated while the server is away; None when asked to stop."""
        backoff, longest = _SERVER_BACKOFF
        while True:
            try:
                return await call()
            except _HOPELESS:
                raise
            except ApiError as error:
                _log.warning("waiting for the server", error=str(error), retry_seconds=backoff)
            if await control.wait(backoff):
                return None
            backoff = min(backoff * 2, longest)
