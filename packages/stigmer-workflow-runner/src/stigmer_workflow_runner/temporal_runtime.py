"""The `Runtime` of the engine on Temporal. Workflow code: no I/O, no clock, no chance of its own."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio import exceptions, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, TimeoutType, is_cancelled_exception

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.elsewhere import execute_elsewhere
from stigmer_workflow_runner.errors import Fault, error_object, fault
from stigmer_workflow_runner.inbox import Inbox
from stigmer_workflow_runner.json_text import MAX_PAYLOAD, size_of
from stigmer_workflow_runner.progress import Progress
from stigmer_workflow_runner.runtime import PUBLISH, READ_ANSWER, Call, DeadlineReachedError, Drain

T = TypeVar("T")

FAULT_TYPE: Final = "stigmer.fault"
HISTORY_BYTES: Final = 2_000_000
CHILD_POLL: Final = timedelta(minutes=10)
"""How often a workflow looks at a child by itself, in case a signal was lost with the server's database."""

LONG_WAIT: Final = 5.0
"""Seconds of a wait before which what the run told must not be lost with its worker."""

MAX_STRANDS: Final = 1_000
"""Strands of one run at a time: all of them are looked at in every step, which has seconds."""

MAX_IN_FLIGHT: Final = 1_000
"""Activities of one run at a time: Temporal refuses more than 2,000, and fails the step for ever."""

MAX_IN_FLIGHT_BYTES: Final = 2_000_000
"""Bytes of their arguments together: one step may schedule them all, and a step's answer has 4 MB."""

CLAIMED_SIZE: Final = 60_000
"""Bytes that count of an argument when large ones lie in files."""

OF_THE_RUN: Final = frozenset({"start_child", PUBLISH, READ_ANSWER})
"""Calls that are told which execution they are made for."""

SERVER_CALL: Final = timedelta(seconds=15)
"""What an attempt of a call of our own server may take: after it, one that a killed worker left is made again."""

HEARTBEAT: Final = timedelta(seconds=10)
GRACE: Final = 15.0
"""Seconds that an activity gets to report its own timeout before Temporal declares it timed out."""

SERVER_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=10)
)
# Every failure that the activity itself reports is not retryable, so this repeats lost workers only.
WORLD_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10), maximum_attempts=20
)
CLEANUP_RETRY: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=3)


@dataclass(slots=True)
class Pause:
    """Whether the run is to hold, as the newest signal says; one with a number not above `number` changes nothing."""

    paused: bool = False
    number: int = 0
    reason: str = ""

    def follow(self, *, paused: bool, number: int, reason: str) -> None:
        """Take a signal, or what an earlier run of the execution handed on."""
        if number > self.number:
            self.paused, self.number, self.reason = paused, number, reason


class TemporalRuntime:
    """`own` is what the calls `OF_THE_RUN` are told of it; `finished` holds the children that have ended.

    `max_events` forces continue-as-new, 0 leaves it to Temporal.
    """

    def __init__(
        self,
        own: dict[str, Json],
        finished: list[str],
        pause: Pause,
        progress: Progress,
        inbox: Inbox,
        max_events: int = 0,
    ) -> None:
        self.inbox = inbox
        self._own = own
        self._pause = pause
        self._progress = progress
        self._finished = finished
        self._max_events = max_events
        self._moved = False
        self._in_flight = self._in_flight_bytes = self._strands = 0
        self.may_drain = True
        self.max_payload = MAX_PAYLOAD
        self.max_argument = MAX_PAYLOAD
        self.on_phase: Callable[[str], None] = _nothing

    def now(self) -> float:
        """Workflow time."""
        return workflow.time()

    def uuid(self) -> str:
        """A replay-safe id."""
        return str(workflow.uuid4())

    def random(self) -> float:
        """A replay-safe number."""
        return workflow.random().random()

    def draining(self) -> bool:
        """Whether history is long enough to continue as new; never before this run did anything."""
        if not (self._moved and self.may_drain):
            return False
        info = workflow.info()
        return (
            info.is_continue_as_new_suggested()
            or 0 < self._max_events <= info.get_current_history_length()
            or info.get_current_history_size() > HISTORY_BYTES
        )

    def holding(self) -> bool:
        """Whether a pause is wanted."""
        return self._pause.paused

    async def hold(self) -> None:
        """Wait for the resume; timeouts of the document go on."""
        self._progress.paused(workflow.time(), self._pause.reason)
        self.on_phase("suspended")
        self._progress.settle()
        await workflow.wait_condition(lambda: not self._pause.paused)
        self._moved = True
        self._progress.resumed(workflow.time())
        self.on_phase("running")

    async def sleep_until(self, deadline: float) -> None:
        """A durable timer."""
        remaining = deadline - workflow.time()
        if remaining > 0:
            self._settle(remaining)
            await self._wait(lambda: False, timedelta(seconds=remaining))

    async def child_finished(self, execution_id: str) -> None:
        """Wait for the signal, or look after a while."""
        self._progress.settle()
        await self._wait(lambda: execution_id in self._finished, CHILD_POLL)
        if execution_id in self._finished:
            self._finished.remove(execution_id)

    async def wait_for(self, ready: Callable[[], bool], deadline: float | None = None) -> bool:
        """Wait for a signal; a pause holds here too."""
        while not ready():
            remaining = None if deadline is None else deadline - workflow.time()
            if remaining is not None and remaining <= 0:
                return False
            if self.holding():
                await self.hold()
                continue
            if self.draining():
                raise Drain
            self._settle(remaining)
            try:
                await workflow.wait_condition(
                    lambda: ready() or self.draining() or self.holding(),
                    timeout=None if remaining is None else timedelta(seconds=remaining),
                )
            except builtins.TimeoutError:
                self._moved = True
                return ready()
            self._moved = True
        return True

    def _settle(self, seconds: float | None) -> None:
        """Before a wait for which no activity holds a worker: whoever dies now is not missed for so long."""
        if seconds is None or seconds > LONG_WAIT:
            self._progress.settle()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of the workflow's own loop, which is deterministic."""
        task = asyncio.ensure_future(work)
        self._strands += 1
        task.add_done_callback(self._strand_ended)
        return task

    def _strand_ended(self, _task: asyncio.Task[Any]) -> None:
        self._strands -= 1

    def crowded(self) -> bool:
        """Whether there are `MAX_STRANDS`."""
        return self._strands >= MAX_STRANDS

    async def until(self, ready: Callable[[], bool]) -> None:
        """Looked at whenever something has happened."""
        await workflow.wait_condition(ready)

    async def stop(self, strands: Sequence[asyncio.Task[Any]]) -> None:
        """Cancel them all, then wait for all."""
        for strand in strands:
            strand.cancel()
        for strand in strands:
            await _ended(strand)

    async def _wait(self, done: Callable[[], bool], timeout: timedelta) -> None:
        """Until `done`, the timeout, or the need to continue as new (`Drain`)."""
        if not done() and self.draining():
            raise Drain
        try:
            await workflow.wait_condition(lambda: done() or self.draining(), timeout=timeout)
        except builtins.TimeoutError:
            self._moved = True
            return
        self._moved = True
        if not done():
            raise Drain

    async def execute(self, call: Call) -> Json:
        """Run an activity."""
        argument = {**call.argument, **self._own} if call.activity in OF_THE_RUN else call.argument
        size = size_of(argument)
        if size > self.max_payload:
            raise fault(
                "runtime", f"the argument of {call.summary or call.activity} is larger than {self.max_payload} bytes"
            )
        self._moved = True
        if self.max_payload > MAX_PAYLOAD:
            size = min(size, CLAIMED_SIZE)
        while not self._has_room(size):
            await workflow.wait_condition(lambda: self._has_room(size))
        self._in_flight, self._in_flight_bytes = self._in_flight + 1, self._in_flight_bytes + size
        try:
            return await self._activity(call, argument, SERVER_RETRY if call.repeatable else WORLD_RETRY)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from error
            raise fault_of(error, call.summary or call.activity) from error
        finally:
            self._in_flight, self._in_flight_bytes = self._in_flight - 1, self._in_flight_bytes - size

    def _has_room(self, size: int) -> bool:
        """Whether one more activity may be scheduled beside those of other branches."""
        if not self._in_flight:
            return True
        return self._in_flight < MAX_IN_FLIGHT and self._in_flight_bytes + size <= MAX_IN_FLIGHT_BYTES

    async def _activity(self, call: Call, argument: dict[str, Json], retry: RetryPolicy) -> Json:
        if call.elsewhere is not None:
            return await execute_elsewhere(call, call.elsewhere, self.max_argument)
        return await workflow.execute_activity(
            call.activity,
            argument,
            start_to_close_timeout=SERVER_CALL if call.repeatable else timedelta(seconds=call.timeout + GRACE),
            heartbeat_timeout=None if call.repeatable else HEARTBEAT,
            retry_policy=retry,
            summary=call.summary or None,
        )

    async def cleanup(self, call: Call) -> None:
        """Run an activity for a task that is cancelled; the workflow must go on when it fails."""
        try:
            await self._activity(call, call.argument, CLEANUP_RETRY)
        except ActivityError as error:
            workflow.logger.warning("clean-up call %s failed: %s", call.activity, error.cause)

    async def race(self, work: Coroutine[Any, Any, T], deadline: float) -> T:
        """An explicit race: Temporal's own timeouts cannot be told from a cancellation."""
        task = asyncio.ensure_future(work)
        remaining = deadline - workflow.time()
        try:
            await workflow.wait([task], timeout=max(remaining, 0.0))
        except asyncio.CancelledError:
            await _cancelled(task)
            raise
        if task.done():
            return task.result()
        await _cancelled(task)
        raise DeadlineReachedError("deadline reached")

    async def breathe(self) -> None:
        """End this activation, so that Temporal sees the worker is alive."""
        self._moved = True
        await workflow.sleep(timedelta(milliseconds=1))


def _nothing(_phase: str) -> None:
    """Nobody shows the phase."""


async def _cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has cleaned up; what it raises meanwhile does not matter any more."""
    task.cancel()
    await _ended(task)


async def _ended(task: asyncio.Task[Any]) -> None:
    await workflow.wait([task])
    if not task.cancelled():
        task.exception()


def fault_of(error: FailureError, what: str) -> Fault:
    """The DSL error of a failed activity; a local one fails with its own error, unwrapped."""
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.type == FAULT_TYPE and cause.details:
        return Fault(cause.details[0])
    if isinstance(cause, exceptions.TimeoutError):
        if cause.type is TimeoutType.HEARTBEAT:
            return Fault(error_object("runtime", f"{what}: its worker was lost again and again"))
        return Fault(error_object("timeout", f"{what}: no answer in time"))
    return Fault(error_object("runtime", f"{what}: {cause or error}"))
