"""A `Runtime` without Temporal: a virtual clock, and activities as plain coroutines.

For tests, and for anybody who wants to run a document at once. Time passes only in waits, so an hour takes no time.
"""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from stigmer_api.dsl.definition import compile_value
from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.engine import Engine, Observer, facts_of
from stigmer_workflow_runner.progress import Progress
from stigmer_workflow_runner.runtime import Call, DeadlineReachedError, Drain
from stigmer_workflow_runner.state import RunState

T = TypeVar("T")
Activity = Callable[[dict[str, Json]], Awaitable[Json]]


class _OuterDeadlineError(DeadlineReachedError):
    """A deadline of a race further out."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        super().__init__("deadline reached")


class InProcessRuntime:
    """`activities` by name; `drain_every` unwinds at every n-th safe point, as continue-as-new does."""

    def __init__(
        self, activities: Mapping[str, Activity] | None = None, *, start: float = 1_700_000_000.0, drain_every: int = 0
    ) -> None:
        self.calls: list[Call] = []
        self.sleeps: list[float] = []
        self.breaths = 0
        self._activities = activities or {}
        self._now = start
        self._random = random.Random(7)  # noqa: S311 - reproducible, and no secret
        self._ids = 0
        self._deadlines: list[float] = []
        self._drain_every = drain_every
        self._points = 0

    def now(self) -> float:
        """The virtual time."""
        return self._now

    def uuid(self) -> str:
        """A counter as an id."""
        self._ids += 1
        return f"id-{self._ids}"

    def random(self) -> float:
        """A seeded number."""
        return self._random.random()

    def draining(self) -> bool:
        """True at every n-th safe point when asked for."""
        self._points += 1
        return self._drain_every > 0 and self._points % self._drain_every == 0

    def holding(self) -> bool:
        """Nobody pauses a run in process."""
        return False

    async def hold(self) -> None:
        """Nothing to wait for."""

    async def sleep_until(self, deadline: float) -> None:
        """Advance the clock, not further than the nearest deadline of a race."""
        self.sleeps.append(deadline - self._now)
        nearest = min(self._deadlines, default=None)
        if nearest is not None and nearest < deadline:
            self._now = max(self._now, nearest)
            raise _OuterDeadlineError(nearest)
        self._now = max(self._now, deadline)

    async def execute(self, call: Call) -> Json:
        """Call the activity."""
        self.calls.append(call)
        return await self._activities[call.activity](call.argument)

    async def child_finished(self, execution_id: str) -> None:
        """Children are finished at once."""

    async def race(self, work: Coroutine[Any, Any, T], deadline: float) -> T:
        """Run the work; a sleep past the deadline ends it."""
        if self._now >= deadline:
            work.close()
            raise DeadlineReachedError("deadline reached")
        self._deadlines.append(deadline)
        try:
            return await work
        except _OuterDeadlineError as error:
            if error.deadline != deadline:
                raise
            raise DeadlineReachedError("deadline reached") from error
        finally:
            self._deadlines.remove(deadline)

    async def cleanup(self, call: Call) -> None:
        """Call the activity."""
        await self.execute(call)

    async def breathe(self) -> None:
        """Count it."""
        self.breaths += 1


async def run_document(
    value: Json, given: Json = None, runtime: InProcessRuntime | None = None, observer: Observer | None = None
) -> Json:
    """Run a document to its end and give its output. Raises `DocumentInvalidError` or `Fault`."""
    runtime = runtime or InProcessRuntime()
    workflow = compile_value(value)
    state = RunState(input=given, started_at=runtime.now())
    watcher = observer or Progress("in-process")
    while True:
        engine = Engine(workflow, state, runtime, watcher, facts_of("in-process"))
        try:
            return await engine.run()
        except Drain:
            state = RunState.from_json(json.loads(json.dumps(state.to_json())))
