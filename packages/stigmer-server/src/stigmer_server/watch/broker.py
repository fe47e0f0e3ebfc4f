"""One broker for all subscriptions to single resources, in mode LATEST.

What it promises: no gap (it registers first, then reads), the newest state always arrives and a last one in every
case, a reader that falls behind skips to the newest state, and nothing a reader does holds up a writer. A subscription
holds one change, however slow its reader is. Bodies are handed on as stored: serialised once for all readers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager

from stigmer_api.errors import NotFound, Unavailable
from stigmer_api.kinds import Kind
from stigmer_store import Change, Operation, Repository, ResourceRecord

__all__ = ["Broker", "Subscription"]


class Subscription:
    """The newest change that one reader has not taken yet."""

    __slots__ = ("_latest", "_wake", "closed", "coalesced")

    def __init__(self) -> None:
        self._latest: Change | None = None
        self._wake = asyncio.Event()
        self.closed = False
        self.coalesced = 0

    def offer(self, change: Change) -> None:
        """Replace what the reader has not taken; never waits."""
        if self._latest is not None:
            self.coalesced += 1
        self._latest = change
        self._wake.set()

    def close(self) -> None:
        """Wake the reader for the last time."""
        self.closed = True
        self._wake.set()

    async def take(self, after: int) -> Change | None:
        """The next change newer than revision `after`; None once the server stops."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            change, self._latest = self._latest, None
            if change is not None and change.revision > after:
                if self.closed:
                    self._wake.set()
                return change
            if self.closed:
                return None


class Broker:
    """Hands each committed change to the subscriptions of its resource."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._subscriptions: dict[tuple[str, str], set[Subscription]] = {}
        self._closed = False
        self._remove_listener = repository.add_listener(self.publish)

    @property
    def subscriber_count(self) -> int:
        """Open subscriptions."""
        return sum(len(found) for found in self._subscriptions.values())

    def publish(self, changes: Sequence[Change]) -> None:
        """Offer changes to whoever follows their resources. Called on the event loop after each commit."""
        for change in changes:
            for subscription in self._subscriptions.get((change.kind, change.id), ()):
                subscription.offer(change)

    def close(self) -> None:
        """End every stream with UNAVAILABLE; later ones end at once."""
        self._closed = True
        self._remove_listener()
        for found in self._subscriptions.values():
            for subscription in found:
                subscription.close()

    @contextmanager
    def subscribed(self, kind: Kind, resource_id: str) -> Iterator[Subscription]:
        """A subscription for as long as the block runs."""
        key = (kind.key, resource_id)
        subscription = Subscription()
        if self._closed:
            subscription.close()
        self._subscriptions.setdefault(key, set()).add(subscription)
        try:
            yield subscription
        finally:
            rest = self._subscriptions[key]
            rest.discard(subscription)
            if not rest:
                del self._subscriptions[key]

    async def follow(
        self, kind: Kind, resource_id: str, is_last: Callable[[ResourceRecord], bool]
    ) -> AsyncGenerator[ResourceRecord, None]:
        """The state of a resource now, then each newer one, coalesced, until `is_last` says so of one.

        Raises NotFound when the resource does not exist or is deleted meanwhile, and Unavailable with the last revision
        (ErrorInfo metadata "revision") when the server stops.
        """
        with self.subscribed(kind, resource_id) as subscription:
            seen = 0
            record = await self._repository.get(kind.key, resource_id)
            if record is not None:
                yield record
                if is_last(record):
                    return
                seen = record.revision
            elif subscription.closed:
                raise stopping(seen)
            else:
                raise NotFound(f"{kind.name} {resource_id} does not exist", metadata={"name": resource_id})
            while True:
                change = await subscription.take(seen)
                if change is None:
                    raise stopping(seen)
                if change.record.revision > seen:  # for a deletion: the last state, when it was not delivered
                    yield change.record
                    if is_last(change.record):
                        return
                if change.operation is Operation.DELETED:
                    raise deleted(kind, resource_id, change.revision)
                seen = change.revision


def stopping(revision: int) -> Unavailable:
    """How a stream ends when the server stops."""
    return Unavailable(
        "the server is stopping; subscribe again to go on",
        reason="SERVER_STOPPING",
        metadata={"revision": str(revision)},
    )


def deleted(kind: Kind, resource_id: str, revision: int) -> NotFound:
    """How a stream ends when its resource is deleted."""
    return NotFound(
        f"{kind.name} {resource_id} was deleted",
        reason="RESOURCE_DELETED",
        metadata={"name": resource_id, "revision": str(revision)},
    )
