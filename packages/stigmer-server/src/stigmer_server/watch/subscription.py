"""What the reader of one resource has yet to be told: the newest change, whatever was before it."""

from __future__ import annotations

import asyncio

from stigmer_store import Change

__all__ = ["Subscription"]


class Subscription:
    """The newest change that one reader has not taken yet."""

    __slots__ = ("_latest", "_wake", "closed", "coalesced", "lost", "published_at")

    def __init__(self) -> None:
        self._latest: Change | None = None
        self._wake = asyncio.Event()
        self.published_at = 0.0
        self.closed = False
        self.lost = False
        self.coalesced = 0

    def offer(self, change: Change, published_at: float) -> bool:
        """Replace what the reader has not taken; never waits. Whether something was replaced."""
        replaced = self._latest is not None
        if replaced:
            self.coalesced += 1
        self._latest = change
        self.published_at = published_at
        self._wake.set()
        return replaced

    def lose(self) -> None:
        """Changes were missed: the reader has to read the state anew."""
        self.lost = True
        self._wake.set()

    def close(self) -> None:
        """Wake the reader for the last time."""
        self.closed = True
        self._wake.set()

    async def take(self, after: int) -> Change | None:
        """The next change newer than revision `after`; None when changes were missed or the server stops."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            change, self._latest = self._latest, None
            if change is not None and change.revision > after:
                if self.closed or self.lost:
                    self._wake.set()
                return change
            if self.closed or self.lost:
                return None
