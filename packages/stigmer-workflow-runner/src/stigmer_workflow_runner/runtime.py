"""What the engine needs from the world. Temporal supplies one `Runtime`, `inprocess.py` another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.errors import RunnerError
from stigmer_workflow_runner.inbox import Inbox

T = TypeVar("T")

PUBLISH: Final = "publish_event"
"""Activity that gives an event to all who listen."""

FIRE_BY_EVENTS: Final = "fire_by_events"
"""The activity that makes an execution for each complete set of events of a schedule."""

READ_ANSWER: Final = "read_answer"
"""Activity that asks the server for the answer to a question, null when there is none."""


class Drain(Exception):
    """Unwinds the engine at a safe point so that the run can continue elsewhere from its frames."""


class DeadlineReachedError(RunnerError):
    """`Runtime.race` reached its deadline before the work was done."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where an activity of somebody else's worker is, and how Temporal is to treat it. Times are seconds.

    `retry`: seconds before the first repetition, coefficient, most seconds, attempts (0: no end) and the types of
    errors that end it; None: it is tried once.
    """

    name: str
    queue: str
    arguments: tuple[Json, ...]
    pickup: float
    heartbeat: float | None = None
    retry: tuple[float, float, float | None, int, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the world: the activity's name, its JSON argument, and how long it may take in seconds.

    `repeatable` calls go to our own server and are repeated by the runtime while that is away, with a time limit of
    its own for each attempt; others happen once, and only a lost worker makes the runtime repeat them.
    """

    activity: str
    argument: dict[str, Json]
    timeout: float = 60.0
    repeatable: bool = False
    summary: str = ""
    elsewhere: Elsewhere | None = None


class Runtime(Protocol):
    """The engine's only way to time, chance, and the world. Every answer is the same in a replay."""

    inbox: Inbox
    """What the run was given from outside."""

    def now(self) -> float:
        """Workflow time in epoch seconds."""

    def uuid(self) -> str:
        """A new unique id."""

    def random(self) -> float:
        """A number from 0 up to 1."""

    def draining(self) -> bool:
        """Whether the engine should unwind at its next safe point."""

    def holding(self) -> bool:
        """Whether the engine should `hold` at its next safe point."""

    async def hold(self) -> None:
        """Wait until the run may go on."""

    async def sleep_until(self, deadline: float) -> None:
        """Wait for workflow time `deadline`. Raises `Drain` when the run should continue elsewhere."""

    async def execute(self, call: Call) -> Json:
        """The result of a call. Raises `Fault`."""

    async def child_finished(self, execution_id: str) -> None:
        """Wait until a child execution may have finished. Raises `Drain` like `sleep_until`."""

    async def wait_for(self, ready: Callable[[], bool], deadline: float | None = None) -> bool:
        """Wait for what comes from outside; False when workflow time `deadline` came first.

        Holds while the run is to hold. Raises `Drain` like `sleep_until`.
        """

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` beside the caller, who must see to its end: `until` it is done, or `stop` it."""

    def crowded(self) -> bool:
        """Whether so many strands run that another one would better wait."""

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for what other strands of this run do."""

    async def stop(self, strands: Sequence[asyncio.Task[Any]]) -> None:
        """Cancel strands and wait until they have cleaned up; what they raise meanwhile does not matter any more."""

    async def race(self, work: Coroutine[Any, Any, T], deadline: float) -> T:
        """The result of `work`, which is cancelled at `deadline` with `DeadlineReachedError`."""

    async def cleanup(self, call: Call) -> None:
        """Make a call although the current work is cancelled; failures are dropped."""

    async def breathe(self) -> None:
        """Let others work after a long stretch of in-memory work."""
