"""Open subscriptions of this process: what arrives is kept until the workflow asks for it.

A subscription lives between two activities of one task, so that nothing is missed while its messages are worked on. One
that nobody asks for is closed; after a restart, or on another runner, the next activity opens a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from stigmer_api.dsl.errors import Json

IDLE_SECONDS: Final = 120.0
MOST_WAITING: Final = 1_000
"""Messages that wait; when there are more the source is not read further."""

Source = Callable[[], AsyncIterator[Json]]


@dataclass(slots=True)
class Subscription:
    """Messages as they arrive. `ended`: the source has no more; `failed`: why it broke."""

    waiting: asyncio.Queue[Json] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    ended: bool = False
    failed: BaseException | None = None
    asked: float = field(default_factory=time.monotonic)
    reader: asyncio.Task[None] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, source: Source) -> None:
        """Take everything from the source."""
        try:
            async for message in source():
                await self.waiting.put(message)
                self.changed.set()
        except Exception as error:  # noqa: BLE001 - told to whoever asks next
            self.failed = error
        self.ended = True
        self.changed.set()

    async def next(self, seconds: float) -> list[Json]:
        """The next message, as a list of one; empty when there is none in time, or ever. Raises what broke it."""
        deadline = time.monotonic() + seconds
        while True:
            if not self.waiting.empty():
                return [self.waiting.get_nowait()]
            if self.failed is not None:
                raise self.failed
            remaining = deadline - time.monotonic()
            if self.ended or remaining <= 0:
                return []
            self.changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), remaining)


class Subscriptions:
    """All of them, by the key of their task."""

    def __init__(self) -> None:
        self._open: dict[str, Subscription] = {}

    async def of(self, key: str, source: Source) -> Subscription:
        """The subscription of a task, opened when there is none."""
        await self._close_idle()
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = Subscription()
            found.reader = asyncio.create_task(found.read(source))
        found.asked = time.monotonic()
        return found

    async def leave(self, key: str) -> None:
        """Close the subscription of a task; there may be none."""
        found = self._open.pop(key, None)
        if found is not None and found.reader is not None:
            found.reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await found.reader

    async def close(self) -> None:
        """Close all."""
        for key in list(self._open):
            await self.leave(key)

    async def _close_idle(self) -> None:
        late = time.monotonic() - IDLE_SECONDS
        for key in [key for key, found in self._open.items() if found.asked < late]:
            await self.leave(key)


class Bus:
    """Messages inside one process, by topic: for tests, and for workflows of one runner that talk to each other."""

    def __init__(self) -> None:
        self._listening: dict[str, set[asyncio.Queue[Json]]] = {}
        self.joined = asyncio.Event()

    def publish(self, topic: str, message: Json) -> None:
        """Give a message to everybody who listens now."""
        for queue in self._listening.get(topic, ()):
            queue.put_nowait(message)

    async def listen(self, topic: str) -> AsyncIterator[Any]:
        """Every message from now on."""
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._listening.setdefault(topic, set()).add(queue)
        self.joined.set()
        try:
            while True:
                yield await queue.get()
        finally:
            self._listening[topic].discard(queue)
