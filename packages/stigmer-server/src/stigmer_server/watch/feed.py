"""What the reader of many resources has yet to be told: a cursor into the commits, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from stigmer_server.watch.window import Commit, Window

__all__ = ["Feed", "ReadLog"]

BATCH = 256
"""Most commits taken at once: bounds what a reader holds, and how long it keeps the event loop."""

ReadLog = Callable[[int], Awaitable[Sequence[Commit]]]
"""cursor -> the next commits of the change log; empty when there are none. Raises RevisionCompacted."""


class Feed:
    """One reader's place. A reader that is not behind reads the window, one that is reads the change log.

    `cursor` is the revision up to which it has taken everything.
    """

    __slots__ = ("_bookmark_seconds", "_log", "_timer", "_wake", "_window", "bookmark_due", "closed", "cursor")

    def __init__(self, window: Window, log: ReadLog, bookmark_seconds: float) -> None:
        self.cursor = 0
        self.closed = False
        self.bookmark_due = False
        self._window = window
        self._log = log
        self._wake = asyncio.Event()
        self._bookmark_seconds = bookmark_seconds
        self._timer = asyncio.get_running_loop().call_later(bookmark_seconds, self._ask_for_bookmark)

    def wake(self) -> None:
        """Tell the reader that there is news; never waits."""
        self._wake.set()

    def close(self) -> None:
        """Wake the reader for the last time."""
        self.closed = True
        self._timer.cancel()
        self._wake.set()

    @property
    def is_behind(self) -> bool:
        """Whether the next commits have to come from the change log."""
        return not self._window.covers(self.cursor)

    async def take(self) -> Sequence[Commit]:
        """The next commits, once there are any; none when a bookmark is due or the server stops."""
        while not (self.closed or self.bookmark_due):
            self._wake.clear()
            commits = await self.take_now()
            if commits:
                return commits
            await self._wake.wait()
        return ()

    async def take_now(self) -> Sequence[Commit]:
        """The next commits that are there already. Raises RevisionCompacted."""
        if self._window.covers(self.cursor):
            commits: Sequence[Commit] = self._window.after(self.cursor, BATCH)
        else:
            commits = await self._log(self.cursor)
        if commits:
            self.cursor = commits[-1].revision
        return commits

    def _ask_for_bookmark(self) -> None:
        self.bookmark_due = True
        self._wake.set()
        self._timer = asyncio.get_running_loop().call_later(self._bookmark_seconds, self._ask_for_bookmark)
