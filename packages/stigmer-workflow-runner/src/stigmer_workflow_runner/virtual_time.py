"""A clock for runs in process: it stands still while any strand can go on, and then jumps to what comes next.

So an hour takes no time, and strands that wait beside each other wake in the order of their times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from stigmer_workflow_runner.errors import RunnerError

T = TypeVar("T")


class StuckError(RunnerError):
    """Every strand waits, and nothing is to come."""


@dataclass(slots=True, eq=False)
class _Waiter:
    """A strand that waits, or with `action` something that is to happen at `deadline`."""

    ready: Callable[[], bool]
    deadline: float | None
    future: asyncio.Future[bool] | None = None
    task: asyncio.Task[Any] | None = None
    action: Callable[[], None] | None = None


class VirtualTime:
    """Counts the strands that can go on: the one that made it, and those it spawned."""

    def __init__(self, start: float) -> None:
        self.now = start
        self._active = 1
        self._waiters: list[_Waiter] = []

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Have something happen at a time."""
        self._waiters.append(_Waiter(lambda: False, moment, action=action))

    async def wait(self, ready: Callable[[], bool], deadline: float | None = None) -> bool:
        """True when `ready`, False when `deadline` came first. Raises `StuckError` when neither can come."""
        if ready():
            return True
        if deadline is not None and deadline <= self.now:
            return False
        waiter = _Waiter(ready, deadline, asyncio.get_running_loop().create_future(), asyncio.current_task())
        self._waiters.append(waiter)
        self._active -= 1
        self._settle()
        try:
            assert waiter.future is not None  # noqa: S101 - for the type checker: it was just given
            return await waiter.future
        except asyncio.CancelledError:
            self._leave(waiter)
            raise

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` as a strand of its own."""
        self._active += 1
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)
        return task

    async def stop(self, strands: Sequence[asyncio.Task[Any]]) -> None:
        """Cancel strands and wait until they have ended."""
        for strand in strands:
            for waiter in [waiter for waiter in self._waiters if waiter.task is strand]:
                self._leave(waiter)
            strand.cancel()
        await self.wait(lambda: all(strand.done() for strand in strands))
        for strand in strands:
            if not strand.cancelled():
                strand.exception()

    def _ended(self, _task: asyncio.Task[Any]) -> None:
        self._active -= 1
        self._settle()

    def _leave(self, waiter: _Waiter) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            self._active += 1

    def _wake(self, waiter: _Waiter) -> None:
        future = waiter.future
        if waiter.action is not None:
            self._waiters.remove(waiter)
            waiter.action()
        elif future is not None and not future.done():
            self._leave(waiter)
            future.set_result(waiter.ready())

    def _settle(self) -> None:
        """Wake who is ready; when nobody can go on, jump to the next time."""
        while True:
            for waiter in list(self._waiters):
                if waiter.ready():
                    self._wake(waiter)
            if self._active > 0 or not self._waiters:
                return
            times = [waiter.deadline for waiter in self._waiters if waiter.deadline is not None]
            if not times:
                self._give_up()
                return
            self.now = max(self.now, min(times))
            for waiter in list(self._waiters):
                if waiter.deadline is not None and waiter.deadline <= self.now:
                    self._wake(waiter)

    def _give_up(self) -> None:
        for waiter in list(self._waiters):
            self._leave(waiter)
            if waiter.future is not None and not waiter.future.done():
                waiter.future.set_exception(StuckError("everything waits, and nothing is to come"))
