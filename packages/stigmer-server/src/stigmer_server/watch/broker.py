"""One broker for every stream: it hears of each commit once and wakes whom it concerns.

What it promises: no gap (a stream registers first, then reads), the newest state always arrives and a last one in
every case, a reader that falls behind skips to the newest state or is fed again from the change log, and nothing a
reader does holds up a writer. A reader holds one change, or a place in the log, however slow it is. Bodies are handed
on as stored: serialised once for all readers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic  # an event loop's own time may stand still for as long as a turn takes

from stigmer_api.errors import NotFound, OutOfRange, Unavailable
from stigmer_api.kinds import Kind
from stigmer_server.watch.event_log import EventLog
from stigmer_server.watch.feed import Feed
from stigmer_server.watch.stats import StreamStats
from stigmer_server.watch.subscription import Subscription
from stigmer_server.watch.window import Commit, Window, commits_of
from stigmer_store import Change, Operation, Repository, ResourceRecord

__all__ = ["Broker", "Subscription", "deleted", "stopping"]

_LOG_BATCH = 500
_LOG_READS = 2
"""Reads of the change log at a time: readers that are behind must not take all of the store's readers."""


class Broker:
    """Hands each committed change to the streams that wait for it."""

    def __init__(self, repository: Repository, window: Window | None = None) -> None:
        self.repository = repository
        self.window = window or Window()
        self.event_log = EventLog(repository)
        self.stats = StreamStats(self._lag)
        self._subscriptions: dict[tuple[str, str], set[Subscription]] = {}
        self._feeds: set[Feed] = set()
        self._closed = False
        self._log_turns = asyncio.Semaphore(_LOG_READS)
        self._remove_listener = repository.add_listener(self.publish, self.restart)

    @property
    def subscriber_count(self) -> int:
        """Open subscriptions and feeds."""
        return sum(len(found) for found in self._subscriptions.values()) + len(self._feeds)

    def publish(self, changes: Sequence[Change]) -> None:
        """Take in one committed transaction and wake whom it concerns. Called on the event loop, in revision order."""
        now = monotonic()
        if self._feeds:
            self.window.append(changes, now)
        else:  # who comes later begins at what is stored then, or reads the log
            self.window.skip(changes[-1].revision)
        for change in changes:
            for subscription in self._subscriptions.get((change.kind, change.id), ()):
                self.stats.coalesced += subscription.offer(change, now)
        for feed in self._feeds:
            feed.wake()

    def restart(self, oldest: int) -> None:
        """Changes up to `oldest` can no longer be heard: states are read anew, readers of the log end as compacted."""
        self.window.restart(oldest)
        for found in self._subscriptions.values():
            for subscription in found:
                subscription.lose()
        for feed in self._feeds:
            feed.wake()

    def close(self) -> None:
        """End every stream with UNAVAILABLE; later ones end at once."""
        self._closed = True
        self._remove_listener()
        for found in self._subscriptions.values():
            for subscription in found:
                subscription.close()
        for feed in self._feeds:
            feed.close()

    @contextmanager
    def subscribed(self, kind: Kind, resource_id: str, stream: str = "subscribe") -> Iterator[Subscription]:
        """A subscription to one resource for as long as the block runs; `stream` is its kind in the statistics."""
        key = (kind.key, resource_id)
        subscription = Subscription()
        if self._closed:
            subscription.close()
        self._subscriptions.setdefault(key, set()).add(subscription)
        try:
            with self.stats.stream(stream):
                yield subscription
        finally:
            rest = self._subscriptions[key]
            rest.discard(subscription)
            if not rest:
                del self._subscriptions[key]

    @contextmanager
    def feed(self, stream: str, bookmark_seconds: float) -> Iterator[Feed]:
        """A reader of all commits for as long as the block runs; set its cursor before the first take."""
        feed = Feed(self.window, self.read_log, bookmark_seconds)
        if self._closed:
            feed.close()
        self._feeds.add(feed)
        try:
            with self.stats.stream(stream):
                yield feed
        finally:
            self._feeds.discard(feed)
            feed.close()

    async def read_log(self, cursor: int) -> Sequence[Commit]:
        """The next commits of the change log behind a revision. Raises RevisionCompacted."""
        async with self._log_turns:
            self.stats.log_reads += 1
            commits = commits_of(await self.repository.changes(cursor, _LOG_BATCH))
        if not commits:
            self.window.begin(cursor)
        return commits

    async def check_start(self, from_revision: int) -> None:
        """Raise OutOfRange for a revision that this store has not reached, for example after a restore."""
        newest = await self.repository.revision()
        if from_revision > newest:
            raise OutOfRange(
                f"from_revision {from_revision} is ahead of the store, which is at {newest}: start without it",
                reason="REVISION_AHEAD",
                metadata={"newest": str(newest)},
            )

    async def follow(
        self,
        kind: Kind,
        resource_id: str,
        is_last: Callable[[ResourceRecord], bool],
        from_revision: int = 0,
    ) -> AsyncGenerator[ResourceRecord, None]:
        """The state of a resource now, then each newer one, coalesced, until `is_last` says so of one.

        A state that is not newer than `from_revision` is not told again. Raises NotFound when the resource does not
        exist or is deleted meanwhile, OutOfRange for a `from_revision` ahead of the store, and Unavailable with the
        last revision (ErrorInfo metadata "revision") when the server stops.
        """
        with self.subscribed(kind, resource_id) as subscription:
            record = await self.repository.get(kind.key, resource_id)
            if record is None and subscription.closed:
                raise stopping(from_revision)
            if record is None:
                raise NotFound(f"{kind.name} {resource_id} does not exist", metadata={"name": resource_id})
            if record.revision < from_revision:
                await self.check_start(from_revision)
            seen = from_revision
            if record.revision > seen:
                yield record
                seen = record.revision
            if is_last(record):
                return
            while True:
                change = await subscription.take(seen)
                if change is None and subscription.lost and not subscription.closed:
                    change = await self._as_change(kind, resource_id, subscription)
                if change is None:
                    raise stopping(seen)
                if change.record.revision > seen:  # for a deletion: the last state, when it was not delivered
                    yield change.record
                    self.count_delivery(subscription.published_at)
                    if is_last(change.record):
                        return
                if change.operation is Operation.DELETED:
                    raise deleted(kind, resource_id, change.revision)
                seen = change.revision

    async def _as_change(self, kind: Kind, resource_id: str, subscription: Subscription) -> Change:
        """What became of a resource of which changes were missed. Raises NotFound when it was deleted meanwhile."""
        subscription.lost = False
        record = await self.repository.get(kind.key, resource_id)
        if record is None:
            raise deleted(kind, resource_id, self.window.newest)
        return Change(record.revision, kind.key, resource_id, Operation.UPDATED, record)

    def count_delivery(self, published_at: float) -> None:
        """Count what the transport has taken: a generator goes on once it has. 0.0: it was no news."""
        self.stats.delivered += 1
        if published_at:
            self.stats.publish_latency.observe(monotonic() - published_at)

    def _lag(self) -> int:
        newest = self.window.newest
        return max((max(newest - feed.cursor, 0) for feed in self._feeds), default=0)


def stopping(revision: int | None) -> Unavailable:
    """How a stream ends when the server stops; no revision: it has told nothing to go on from."""
    return Unavailable(
        "the server is stopping; subscribe again to go on",
        reason="SERVER_STOPPING",
        metadata={} if revision is None else {"revision": str(revision)},
    )


def deleted(kind: Kind, resource_id: str, revision: int) -> NotFound:
    """How a stream ends when its resource is deleted."""
    return NotFound(
        f"{kind.name} {resource_id} was deleted",
        reason="RESOURCE_DELETED",
        metadata={"name": resource_id, "revision": str(revision)},
    )
