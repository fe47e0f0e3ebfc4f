"""Sends what changed in a status: coalesced, one report under way at a time, never in the way of the run.

Reports are cumulative for whatever was not acknowledged, so a lost one is repaired by the next. Sequence numbers only
grow, also over restarts.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import structlog

from stigmer_agent_runner.engine.protocol import SubAgentEvent, TextDelta
from stigmer_agent_runner.errors import ExecutionGone
from stigmer_agent_runner.failpoints import failpoint
from stigmer_agent_runner.redaction import NOTHING, Redactor, redact_message
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import io_pb2
from stigmer_api.errors import ApiError, FailedPrecondition, InvalidArgument, NotFound, OutOfRange, Unimplemented

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stigmer_agent_runner.engine.protocol import Event
    from stigmer_agent_runner.status.clock import Clock
    from stigmer_agent_runner.status.reducer import StatusReducer
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import status_pb2

_log = structlog.get_logger(__name__)

MIN_INTERVAL = 0.1
"""Seconds between two reports: ten a second look like a stream to people."""

BYTES_PER_SECOND = 512 * 1024
"""A long answer is sent whole every time it grows; beyond this rate reports become rarer instead of heavier."""

FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 5.0

RESTART_GAP = 100
"""What a new sink adds to the stored sequence: a report that its predecessor still had under way stays below it."""

_GONE = (NotFound, FailedPrecondition)
_DEFECT = (InvalidArgument, OutOfRange, Unimplemented)


class StatusSink:
    """Feeds a reducer and reports its changes. Use it as an async context manager; leaving it sends nothing more."""

    def __init__(
        self,
        reducer: StatusReducer,
        send: Callable[[io_pb2.AgentExecutionUpdateStatusInput], Awaitable[object]],
        execution_id: str,
        clock: Clock,
        on_gone: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_gone` is called when the server takes no more reports. Set `redactor` as soon as there is one."""
        self.redactor = NOTHING
        self.reducer = reducer
        self.sequence = reducer.status.sequence + RESTART_GAP if reducer.status.sequence else 0
        self._send = send
        self._execution_id = execution_id
        self._clock = clock
        self._on_gone = on_gone
        self._error: Exception | None = None
        self._dirty = asyncio.Event()
        self._hurry = asyncio.Event()
        self._idle = asyncio.Event()
        self._next_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._pump(), name=f"status-sink-{self._execution_id}")
        self.changed()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def emit(self, event: Event) -> None:
        """Apply an event now and report it soon."""
        self.reducer.apply(_redacted(event, self.redactor), self._clock.now())
        self.changed()

    def changed(self) -> None:
        """Report soon, after a change of the reducer that was no event."""
        if self._error is None and self.reducer.dirty:
            self._idle.clear()
            self._dirty.set()

    async def flush(self, seconds: float) -> bool:
        """Report everything now; False when the server did not take it within `seconds`.

        Raises ExecutionGone when it never will, and whatever else made reporting impossible.
        """
        self.changed()
        self._hurry.set()
        try:
            await self._clock.wait(self._idle, seconds)
        finally:
            self._hurry.clear()
        if self._error is not None:
            raise self._error
        return not self.reducer.dirty and self._idle.is_set()

    async def _pump(self) -> None:
        backoff = FIRST_BACKOFF
        while True:
            if not self.reducer.dirty:
                self._idle.set()
            await self._dirty.wait()
            await self._clock.wait(self._hurry, max(0.0, self._next_at - self._clock.monotonic()))
            self._dirty.clear()
            try:
                await self._report()
            except _GONE as error:
                return self._give_up(ExecutionGone(f"the server takes no more reports: {error}"), error)
            except _DEFECT as error:
                return self._give_up(error, error)
            except ApiError as error:
                _log.warning("status report failed", execution_id=self._execution_id, error=str(error))
                self._dirty.set()
                self._next_at = self._clock.monotonic() + backoff
                await self._clock.wait(asyncio.Event(), backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF)
            else:
                backoff = FIRST_BACKOFF

    async def _report(self) -> None:
        part = self.reducer.take()
        _redact_report(part, self.redactor)
        self.sequence += 1
        part.sequence = self.sequence
        report = io_pb2.AgentExecutionUpdateStatusInput(
            execution_id=self._execution_id, status=part, sequence=self.sequence
        )
        started = self._clock.monotonic()
        try:
            failpoint("before-send")
            await self._send(report)
            failpoint("after-send")
        except BaseException:
            self.reducer.put_back(part)
            raise
        self._next_at = started + max(MIN_INTERVAL, report.ByteSize() / BYTES_PER_SECOND)

    def _give_up(self, error: Exception, cause: Exception) -> None:
        error.__cause__ = cause if error is not cause else None
        self._error = error
        self._idle.set()
        self._on_gone()


def _redacted(event: Event, redactor: Redactor) -> Event:
    """Redact an event before anything of it is cut short. Pieces of a stream are redacted once they are joined."""
    if not redactor or isinstance(event, TextDelta):
        return event
    if isinstance(event, SubAgentEvent):
        return SubAgentEvent(event.call_id, _redacted(event.event, redactor))
    found = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    texts = {name: value for name, value in found.items() if isinstance(value, str | Mapping) and name != "call_id"}
    return dataclasses.replace(event, **{name: redactor.value(value) for name, value in texts.items()})


def _redact_report(part: status_pb2.AgentExecutionStatus, redactor: Redactor) -> None:
    """The one exit of everything that a run says."""
    if not redactor:
        return
    for messages in (part.messages, *(nested.messages for nested in part.sub_agent_executions)):
        for message in messages:
            if message.is_streaming:
                message.content = redactor.growing(message.content)
    redact_message(part, redactor)
