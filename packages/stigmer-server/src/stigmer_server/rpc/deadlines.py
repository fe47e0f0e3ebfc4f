"""How long a call may take. All calls have the same limit, so one timer, for the oldest of them, serves all.

A timer of its own for every call (`asyncio.timeout`) costs as much as parsing and answering a small request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from stigmer_api.errors import DeadlineExceeded

__all__ = ["Deadline"]

T = TypeVar("T")


class _Running:
    """One work under way."""

    __slots__ = ("cancelling", "due", "expired", "task")

    def __init__(self, task: asyncio.Task[object], due: float) -> None:
        self.task = task
        self.due = due
        self.cancelling = task.cancelling()
        self.expired = False


class Deadline:
    """Runs works, each for at most `seconds`. Belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._running: dict[_Running, None] = {}  # the one due first is first
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, work: Awaitable[T]) -> T:
        """The result of the work. Raises DeadlineExceeded, once it was cancelled for that."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that is awaited runs in a task
        loop = task.get_loop()
        running = _Running(task, loop.time() + self.seconds)
        self._running[running] = None
        if self._timer is None:
            self._timer = loop.call_at(running.due, self._look, loop)
        try:
            return await work
        except asyncio.CancelledError as error:
            if running.expired and task.uncancel() <= running.cancelling:
                raise self._too_long() from error
            raise
        finally:
            self._running.pop(running, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what is due, and look again when the next one is."""
        now = loop.time()
        for running in tuple(self._running):
            if running.due > now:
                self._timer = loop.call_at(running.due, self._look, loop)
                return
            del self._running[running]
            running.expired = True
            running.task.cancel()
        self._timer = None

    def _too_long(self) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"the call took longer than the {self.seconds:g} s that server.max_call_seconds allows; "
            "it may have been carried out",
            reason="CALL_TOO_LONG",
        )
