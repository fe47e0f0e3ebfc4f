"""What the event loop submits goes to the writer together: the price of a commit is paid once for all of it.

Calls come to the loop one by one. Were each handed over at once, the writer would begin with the first, the two threads
would fight for the interpreter lock, and the groups would stay small. So works wait as long as the loop has others
to submit: with one caller some ten microseconds, with many until the loop has nothing else to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

QUIET_TURNS = 8
"""Turns of the event loop without another work, before those that wait go: a call takes several to become a work."""

MOST_TURNS = 100
"""Turns after which they go in any case: bounds how long the first of them waits."""


class Gathering(Generic[T]):
    """Works that wait to be handed over. Belongs to one event loop."""

    def __init__(self, hand_over: Callable[[list[T]], None], most: int) -> None:
        """`most`: as many go at once, without waiting for more."""
        self._hand_over = hand_over
        self._most = most
        self._waiting: list[T] = []

    def add(self, loop: asyncio.AbstractEventLoop, work: T) -> None:
        """Let a work wait for others."""
        self._waiting.append(work)
        if len(self._waiting) == 1:
            loop.call_soon(self._look, loop, self._waiting, (1, 0, 0))

    def flush(self) -> None:
        """Hand over what waits."""
        if self._waiting:
            works, self._waiting = self._waiting, []
            self._hand_over(works)

    def _look(self, loop: asyncio.AbstractEventLoop, works: list[T], before: tuple[int, int, int]) -> None:
        """Once a turn: hand these works over when no more come."""
        if works is not self._waiting:
            return  # they went meanwhile
        seen, turns, quiet = before
        quiet = quiet + 1 if len(works) == seen else 0
        if quiet >= QUIET_TURNS or turns >= MOST_TURNS or len(works) >= self._most:
            self.flush()
        else:
            loop.call_soon(self._look, loop, works, (len(works), turns + 1, quiet))
