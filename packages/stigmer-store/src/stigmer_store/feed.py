"""What listeners hear: own commits and those of other processes, through one ordered path.

Revisions are given out under a lock, so whoever holds revision N knows that all below it are committed. The feed
remembers the last revision that it handed to the event loop. Before anything newer goes out, what lies between is read
from the change log. So order has no gap and no repetition, whatever a notification does: it may come late, twice or
never.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby

from sqlalchemy.engine import Connection

from stigmer_store import queries
from stigmer_store.errors import RevisionCompacted, StoreError
from stigmer_store.listeners import Listeners
from stigmer_store.records import Change

BATCH = 500
"""Changes read at once while catching up: bounds the memory of one step."""


class Feed:
    """The way to the event loop. Only the writer thread moves it forward."""

    def __init__(self, listeners: Listeners, revision: int) -> None:
        self._listeners = listeners
        self._loop: asyncio.AbstractEventLoop | None = None
        self.handed = revision

    @property
    def bound(self) -> bool:
        """Whether there is an event loop to hand anything to."""
        return self._loop is not None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Belong to this event loop. Raises StoreError when the feed belongs to another."""
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise StoreError("a repository belongs to the event loop that wrote first; open one per loop")

    def catch_up(self, connection: Connection, revision: int) -> None:
        """Hand over what others have committed, up to `revision`.

        The connection must see one moment, at which `revision` is committed, for the whole call.
        """
        while self.handed < revision:
            if not self._listeners.any():
                self.handed = revision
                return
            try:
                changes = queries.changes(connection, self.handed, BATCH)
            except RevisionCompacted as compacted:
                self.handed = compacted.oldest
                self._call(partial(self._listeners.tell_gap, compacted.oldest))
                continue
            self._call(partial(self._publish, changes))
            self.handed = changes[-1].revision if len(changes) >= BATCH else revision

    def hand_over(self, deliver: Callable[[], None], revision: int) -> None:
        """Let the event loop deliver an own commit, whose last revision this is, after all that went before."""
        self.handed = max(self.handed, revision)
        self._call(deliver)

    def _publish(self, changes: Sequence[Change]) -> None:
        for _, of_one_revision in groupby(changes, key=lambda change: change.revision):
            self._listeners.publish(list(of_one_revision))

    def _call(self, function: Callable[[], None]) -> None:
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            return  # the event loop is closed: nobody waits or listens any more
