"""A `Runtime` without Temporal: a virtual clock, and activities as plain coroutines.

For tests, and for anybody who wants to run a document at once. Time passes only in waits, so an hour takes no time.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from stigmer_api.dsl.definition import compile_value
from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.engine import Engine, Observer, facts_of
from stigmer_workflow_runner.inbox import Inbox, event_of
from stigmer_workflow_runner.progress import Progress
from stigmer_workflow_runner.runtime import PUBLISH, READ_ANSWER, Call, DeadlineReachedError, Drain
from stigmer_workflow_runner.state import RunState, iso8601
from stigmer_workflow_runner.virtual_time import VirtualTime

T = TypeVar("T")
Activity = Callable[[dict[str, Json]], Awaitable[Json]]


class InProcessRuntime:
    """`activities` by name; `drain_every` unwinds at every n-th safe point, as continue-as-new does."""

    def __init__(
        self, activities: Mapping[str, Activity] | None = None, *, start: float = 1_700_000_000.0, drain_every: int = 0
    ) -> None:
        self.calls: list[Call] = []
        self.sleeps: list[float] = []
        self.breaths = 0
        self.inbox = Inbox()
        self._activities = {PUBLISH: self._publish, READ_ANSWER: _no_answer, **(activities or {})}
        self._time = VirtualTime(start)
        self._random = random.Random(7)  # noqa: S311 - reproducible, and no secret
        self._ids = 0
        self._drain_every = drain_every
        self._points = self._since = self._patience = 0
        self._drained = False

    # --- what a test says from outside -------------------------------------------------------------------------

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Have something happen after that much virtual time."""
        self._time.at(self._time.now + seconds, lambda: (action(), None)[1])

    def signal(self, name: str, payload: dict[str, Json] | None = None, delivery: str = "") -> None:
        """A named signal arrives."""
        delivery = delivery or self.uuid()
        self.inbox.put(delivery, event_of(delivery, name, payload or {}, iso8601(self._time.now)))

    def event(self, event: dict[str, Json], delivery: str) -> None:
        """A published event arrives; `delivery` begins with `event/`."""
        self.inbox.put(delivery, event_of(delivery, "", event, ""))

    def resumed(self, *, moved: bool) -> None:
        """The run goes on after a drain, in what could be another process. One that did not move drains later."""
        self._drained, self._since = False, 0
        self._patience = 0 if moved else self._patience + 1
        carried = json.loads(json.dumps(self.inbox.to_json()))
        self.inbox = Inbox()
        self.inbox.resume(carried)

    # --- Runtime -----------------------------------------------------------------------------------------------

    def now(self) -> float:
        """The virtual time."""
        return self._time.now

    def uuid(self) -> str:
        """A counter as an id."""
        self._ids += 1
        return f"id-{self._ids}"

    def random(self) -> float:
        """A seeded number."""
        return self._random.random()

    def draining(self) -> bool:
        """True at every n-th safe point when asked for, and from then on until the run goes on."""
        self._points, self._since = self._points + 1, self._since + 1
        due = self._drain_every > 0 and self._points % self._drain_every == 0
        if due and self._since > self._patience:
            self._drained = True
        return self._drained

    def holding(self) -> bool:
        """Nobody pauses a run in process."""
        return False

    async def hold(self) -> None:
        """Nothing to wait for."""

    async def sleep_until(self, deadline: float) -> None:
        """Let the time pass."""
        self.sleeps.append(deadline - self._time.now)
        if await self._time.wait(lambda: self._drained, deadline):
            raise Drain

    async def execute(self, call: Call) -> Json:
        """Call the activity."""
        self.calls.append(call)
        return await self._activities[call.activity](call.argument)

    async def child_finished(self, execution_id: str) -> None:
        """Children are finished at once."""

    async def wait_for(self, ready: Callable[[], bool], deadline: float | None = None) -> bool:
        """Wait on the virtual clock."""
        await self._time.wait(lambda: ready() or self._drained, deadline)
        if not ready() and self._drained:
            raise Drain
        return ready()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` beside the caller."""
        return self._time.spawn(work)

    def crowded(self) -> bool:
        """Never: nothing here grows faster than the number of strands."""
        return False

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for other strands."""
        await self._time.wait(ready)

    async def stop(self, strands: Sequence[asyncio.Task[Any]]) -> None:
        """Cancel strands."""
        await self._time.stop(strands)

    async def race(self, work: Coroutine[Any, Any, T], deadline: float) -> T:
        """Run the work until the deadline."""
        strand = self._time.spawn(work)
        try:
            in_time = await self._time.wait(strand.done, deadline)
        except asyncio.CancelledError:
            await self._time.stop([strand])
            raise
        if in_time:
            return strand.result()
        await self._time.stop([strand])
        raise DeadlineReachedError("deadline reached")

    async def cleanup(self, call: Call) -> None:
        """Call the activity."""
        await self.execute(call)

    async def breathe(self) -> None:
        """Count it."""
        self.breaths += 1

    async def _publish(self, argument: dict[str, Json]) -> Json:
        """What is emitted reaches the listeners of this run."""
        self.event(argument["event"], f"event/{argument['key']}")
        return {"listeners": 1}


async def _no_answer(_argument: dict[str, Json]) -> Json:
    return None


async def run_document(
    value: Json, given: Json = None, runtime: InProcessRuntime | None = None, observer: Observer | None = None
) -> Json:
    """Run a document to its end and give its output. Raises `DocumentInvalidError` or `Fault`."""
    runtime = runtime or InProcessRuntime()
    workflow = compile_value(value)
    state = RunState(input=given, started_at=runtime.now())
    watcher = observer or Progress("in-process")
    before = ""
    while True:
        engine = Engine(workflow, state, runtime, watcher, facts_of("in-process"))
        try:
            return await engine.run()
        except Drain:
            carried = json.dumps(state.to_json())
            state = RunState.from_json(json.loads(carried))
            runtime.resumed(moved=carried != before)
            before = carried
