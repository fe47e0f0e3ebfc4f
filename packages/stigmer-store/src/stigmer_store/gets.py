"""Callers that ask for resources at the same time are answered by one read.

A read in a thread costs ten times what the database takes for one more row of it: the way to the thread and back, a
connection, a transaction. So while a read is under way the keys of others wait, and go together in the next one.
Nobody is answered with what was read before they asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from stigmer_store.changeset import Key
from stigmer_store.records import ResourceRecord

MOST_KEYS = 200
"""In one read: bounds how long the first of them waits for the last."""

Found = Mapping[Key, ResourceRecord]
Waiting = dict[Key, list[asyncio.Future[ResourceRecord | None]]]


class Gets:
    """Reads by key. Belongs to one event loop."""

    def __init__(self, read: Callable[[Sequence[Key]], Coroutine[Any, Any, Found]]) -> None:
        """`read`: the records that there are of these."""
        self._read = read
        self._waiting: Waiting = {}
        self._reading: asyncio.Task[Found] | None = None

    async def get(self, key: Key) -> ResourceRecord | None:
        """The record, or None. Raises what the read raises."""
        future: asyncio.Future[ResourceRecord | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._reading is None:
            self._begin()
        return await future

    def _begin(self) -> None:
        keys = list(self._waiting)[:MOST_KEYS]
        taken = {key: self._waiting.pop(key) for key in keys}
        self._reading = asyncio.get_running_loop().create_task(self._read(keys))
        self._reading.add_done_callback(partial(self._answer, taken))

    def _answer(self, taken: Waiting, reading: asyncio.Task[Found]) -> None:
        self._reading = None
        error = asyncio.CancelledError() if reading.cancelled() else reading.exception()
        for key, futures in taken.items():
            for future in futures:
                if future.done():
                    continue  # its caller no longer listens
                if error is None:
                    future.set_result(reading.result().get(key))
                else:
                    future.set_exception(error)
        if self._waiting:
            self._begin()
