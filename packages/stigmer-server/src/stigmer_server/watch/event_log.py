"""The event log of executions as streams read it: readers at the same place share one read and the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stigmer_store import EventRecord, Repository

__all__ = ["EventLog"]

_BATCH = 500

_Place = tuple[str, int, int]


class EventLog:
    """Reads events behind a sequence number. Whoever asks while the same read is under way gets its answer.

    Readers share a read only when they know of the same revision of the execution: a read that began earlier might
    miss the events of that revision, and a reader that waits for nothing newer would never get them.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._under_way: dict[_Place, asyncio.Task[Sequence[EventRecord]]] = {}

    async def after(self, execution_id: str, sequence: int, known_revision: int) -> Sequence[EventRecord]:
        """The next events in order: all that the known revision of the execution has; none when there are none."""
        place = (execution_id, sequence, known_revision)
        task = self._under_way.get(place)
        if task is None:
            task = asyncio.create_task(self._read(place))
            task.add_done_callback(_look_at)
            self._under_way[place] = task
        return await asyncio.shield(task)  # one reader that leaves must not end the read of the others

    async def _read(self, place: _Place) -> Sequence[EventRecord]:
        try:
            return await self._repository.events(place[0], place[1], _BATCH)
        finally:
            del self._under_way[place]


def _look_at(task: asyncio.Task[Sequence[EventRecord]]) -> None:
    """When every reader has left, nobody else asks how the read went; asyncio would complain."""
    if not task.cancelled():
        task.exception()
