"""One watch: the initial state, then every change of the selection or the latest of each resource."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum

from stigmer_api._pb.stigmer.runtime.v1.resource_pb2 import WatchEventType
from stigmer_server.watch.broker import Broker, stopping
from stigmer_server.watch.coalescing import Coalescer
from stigmer_server.watch.feed import Feed
from stigmer_server.watch.initial import read_initial
from stigmer_server.watch.selection import Selection
from stigmer_server.watch.window import Commit
from stigmer_server.watch.wire import WatchWire
from stigmer_store import Operation

__all__ = ["Mode", "Watch"]


class Mode(Enum):
    """ALL tells every change; LATEST, to a reader that is behind, the latest of each resource."""

    ALL = "watch_all"
    LATEST = "watch_latest"


_SEVERAL = 2


_Step = tuple[bytes, int, float]
"""One response, the revision to go on from once it is written, and when it was published (0.0: long ago)."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What one client asked for. `from_revision` None: the initial state comes first."""

    selection: Selection
    mode: Mode = Mode.ALL
    from_revision: int | None = None
    bookmark_seconds: float = 5.0

    async def run(self, broker: Broker, wire: WatchWire) -> AsyncGenerator[bytes, None]:
        """Serialised responses, for ever.

        Raises RevisionCompacted when the log no longer reaches back to this reader, OutOfRange for a `from_revision`
        ahead of the store, and Unavailable with the revision to go on from when the server stops.
        """
        with broker.feed(self.mode.value, self.bookmark_seconds) as feed:
            if self.from_revision is None:
                async with aclosing(self._initial(broker, feed, wire)) as states:
                    async for body in states:
                        yield body
            else:
                await broker.check_start(self.from_revision)
                feed.cursor = self.from_revision
            told_up_to = feed.cursor
            while True:
                if feed.bookmark_due:
                    feed.bookmark_due = False
                    yield wire.marker(WatchEventType.WATCH_EVENT_TYPE_BOOKMARK, told_up_to)
                commits = await feed.take()
                for body, resume, published_at in await self._steps(broker, feed, wire, commits):
                    if feed.closed:
                        break
                    yield body
                    told_up_to = resume
                    broker.count_delivery(published_at)
                if feed.closed:
                    raise stopping(told_up_to)
                told_up_to = feed.cursor

    async def _steps(self, broker: Broker, feed: Feed, wire: WatchWire, commits: Sequence[Commit]) -> Iterator[_Step]:
        """What to tell of these commits; in mode LATEST, when there are several, also of those behind them."""
        if self.mode is Mode.ALL or len(commits) < _SEVERAL:
            return self._every(wire, commits)
        start = commits[0].revision - 1
        latest = Coalescer(self.selection)
        await latest.gather(feed, commits, broker.window.newest)
        broker.stats.coalesced += latest.coalesced
        return self._latest(wire, latest, start, feed.cursor)

    def _every(self, wire: WatchWire, commits: Sequence[Commit]) -> Iterator[_Step]:
        """Each change; the last one of a commit names it as the revision to go on from."""
        judge = self.selection.judge
        for commit in commits:
            if len(commit.changes) == 1:  # most are, and every reader comes through here
                operation = judge(commit.changes[0])
                if operation is not None:
                    yield wire.event(commit, 0, operation, final=True), commit.revision, commit.published_at
                continue
            seen = [(index, found) for index, change in enumerate(commit.changes) if (found := judge(change))]
            for place, (index, operation) in enumerate(seen, 1):
                final = place == len(seen)
                resume = commit.revision if final else commit.revision - 1
                yield wire.event(commit, index, operation, final=final), resume, commit.published_at

    def _latest(self, wire: WatchWire, latest: Coalescer, start: int, end: int) -> Iterator[_Step]:
        """The latest change of each resource; only the last one of all names a revision to go on from."""
        for told in latest.outcome():
            resume = end if told.final else start
            body = wire.coalesced(told.commit, told.index, told.operation, resume=resume, more=told.more)
            yield body, resume, told.commit.published_at

    async def _initial(self, broker: Broker, feed: Feed, wire: WatchWire) -> AsyncGenerator[bytes, None]:
        """The selection as of the revision that SYNCED names.

        What changed while it was read is left to the changes since then: they are told before SYNCED too, as changes.
        """
        known: set[tuple[str, str]] = set()
        first: int | None = None
        last = 0
        async for found in read_initial(broker.repository, self.selection):
            first = found.revision if first is None else first
            last = found.revision
            for record in found.records:
                if feed.closed:
                    raise stopping(None)
                if record.revision <= first:
                    known.add((record.kind, record.id))
                    yield wire.initial(record)
        feed.cursor = first or 0
        while feed.cursor < last:
            commits = [commit for commit in await broker.read_log(feed.cursor) if commit.revision <= last]
            for commit in commits:
                for index, operation in self._since(commit, known):
                    yield wire.coalesced(commit, index, operation, resume=0, more=0)
            feed.cursor = commits[-1].revision if commits else last
        yield wire.marker(WatchEventType.WATCH_EVENT_TYPE_SYNCED, feed.cursor)

    def _since(self, commit: Commit, known: set[tuple[str, str]]) -> Iterator[tuple[int, Operation]]:
        """What a commit changes for a watcher that has the known resources; keeps them up to date."""
        for index, change in enumerate(commit.changes):
            key = (change.kind, change.id)
            operation = self.selection.judge_known(change, key in known)
            if operation is None:
                continue
            if operation is Operation.DELETED:
                known.discard(key)
            else:
                known.add(key)
            yield index, operation
