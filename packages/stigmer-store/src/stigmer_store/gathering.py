"""What the event loop submits goes to the writer together: the price of a commit is paid once for all of it.

Calls come to the loop one by one. Were each handed over at once, groups would stay small. So works wait while others
are on their way to the disk, and until as many have come as went last: those who were answered together ask together
again, and a loop that has nothing to do while the writer works does not contend with it for the interpreter lock. One
who is alone waits some ten microseconds.
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

PAUSE_SECONDS = 0.008
"""When fewer have come than went last: how long none must come, before those that wait go."""

MOST_PAUSES = 5
"""As many such times after which they go in any case."""

MOST_EXPECTED = 64
"""Works that are worth waiting for: with more the price of a commit no longer matters."""


class Gathering(Generic[T]):
    """Works that wait to be handed over. Belongs to one event loop."""

    def __init__(self, hand_over: Callable[[list[T]], None], most: int) -> None:
        """`most`: as many go at once, whatever else there is to wait for."""
        self._hand_over = hand_over
        self._most = most
        self._expected = 1
        self._held = False
        self._due = False  # those that wait would have gone, were they not held
        self.waiting: list[T] = []

    def add(self, loop: asyncio.AbstractEventLoop, work: T) -> None:
        """Let a work wait for others."""
        self.waiting.append(work)
        come = len(self.waiting)
        if come >= self._most:
            self.flush()
        elif come > 1:
            if come >= self._expected > 1:
                self._ready()
        elif self._expected > 1:
            loop.call_later(PAUSE_SECONDS, self._pause, loop, self.waiting, 1, 1)
        else:
            loop.call_soon(self._look, loop, self.waiting, (1, 0, 0))

    def flush(self) -> None:
        """Hand over what waits. Where fewer came than were expected, half as many are expected next."""
        if self.waiting:
            works, self.waiting, self._due = self.waiting, [], False
            self._expected = min(max(len(works), self._expected // 2), MOST_EXPECTED)
            self._hand_over(works)

    def hold(self) -> None:
        """Let works wait until `release`."""
        self._held = True

    def release(self) -> None:
        """What was handed over has come back. Whoever waits now was under way beside it: expect as many together."""
        self._held = False
        self._expected = min(self._expected + len(self.waiting), MOST_EXPECTED)
        if self._due or len(self.waiting) >= self._expected:
            self.flush()

    def _ready(self) -> None:
        if self._held:
            self._due = True
        else:
            self.flush()

    def _look(self, loop: asyncio.AbstractEventLoop, works: list[T], before: tuple[int, int, int]) -> None:
        """Once a turn: these works are ready when no more come."""
        if works is not self.waiting:
            return  # they went meanwhile
        seen, turns, quiet = before
        quiet = quiet + 1 if len(works) == seen else 0
        if quiet >= QUIET_TURNS or turns >= MOST_TURNS:
            self._ready()
        else:
            loop.call_soon(self._look, loop, works, (len(works), turns + 1, quiet))

    def _pause(self, loop: asyncio.AbstractEventLoop, works: list[T], seen: int, pauses: int) -> None:
        """Once in a while: the same, where more are expected."""
        if works is not self.waiting:
            return
        if len(works) == seen or pauses >= MOST_PAUSES:
            self._ready()
        else:
            loop.call_later(PAUSE_SECONDS, self._pause, loop, works, len(works), pauses + 1)
