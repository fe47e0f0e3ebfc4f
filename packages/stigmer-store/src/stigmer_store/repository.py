"""The two protocols that the rest of Stigmer programs against.

Both have an SQL implementation (`sql.py`) and one in memory (`memory.py`); one contract suite holds them equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from stigmer_store.records import Change, EventRecord, ListQuery, OutboxItem, Page, ResourceRecord

T = TypeVar("T")

Listener = Callable[[Sequence[Change]], None]

GapListener = Callable[[int], None]
"""Called with the oldest revision that can still be read after."""


class Transaction(Protocol):
    """What a work sees and does inside `Repository.write`: synchronous, isolated, all or nothing."""

    def revision(self) -> int:
        """The revision of this transaction; the first call raises the store's revision by one."""

    def get(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """The resource, or None."""

    def require(self, kind: str, id: str) -> ResourceRecord:  # noqa: A002 - the field is called id
        """The resource; raises RecordNotFound."""

    def find_by_slug(self, kind: str, org: str, slug: str) -> ResourceRecord | None:
        """The resource with this slug, or None."""

    def find_by_request_id(self, kind: str, org: str, request_id: str) -> ResourceRecord | None:
        """The resource that this request made, or None."""

    def list(self, query: ListQuery) -> Page:
        """One page; it sees what this transaction has written. Raises BadPageToken, InvalidValue."""

    def put(self, record: ResourceRecord) -> None:
        """Insert or replace, and log the change.

        `record.revision` must be `self.revision()`. Raises SlugTaken, RequestIdTaken, InvalidValue.
        """

    def delete(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """Remove, log the change, and return the last state; None when it was not there."""

    def enqueue(self, topic: str, key: str, payload: bytes, not_before: datetime | None = None) -> None:
        """Leave a task for the dispatcher, due at `not_before` (default: at once)."""

    def complete_outbox(self, ids: Sequence[int]) -> None:
        """Remove items that are done; unknown ids are ignored."""

    def postpone_outbox(self, id: int, not_before: datetime, error: str) -> None:  # noqa: A002 - as above
        """Count a failed attempt and try again at `not_before`; an unknown id is ignored."""

    def append_events(self, execution_id: str, events: Sequence[tuple[str, bytes]]) -> Sequence[EventRecord]:
        """Append (event_id, body) pairs, skip ids seen before, and return what is new."""

    def next_event_sequence(self, execution_id: str) -> int:
        """The sequence number that the next event of this execution gets."""

    def delete_events(self, execution_id: str) -> None:
        """Forget all events of an execution."""


class Repository(Protocol):
    """A store of versioned resources. It belongs to the event loop that uses it first.

    Every read sees every write that has returned. Any method may raise StoreUnavailable or StoreClosed.
    """

    @property
    def url(self) -> str:
        """Where the data is, without any password."""

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one atomic, serialised transaction and return what it returns, once it is durable.

        What `work` raises is raised here, and nothing of it is kept. It runs in the store's writer thread, or on the
        event loop when all that it asks for is known, and may run again: it must do nothing but use its
        transaction, and wait for nothing. Raises StoreFull.
        """

    async def get(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """The resource, or None."""

    async def find_by_slug(self, kind: str, org: str, slug: str) -> ResourceRecord | None:
        """The resource with this slug, or None."""

    async def find_by_request_id(self, kind: str, org: str, request_id: str) -> ResourceRecord | None:
        """The resource that this request made, or None."""

    async def list(self, query: ListQuery) -> Page:
        """One page of one moment. Raises BadPageToken, InvalidValue."""

    async def events(self, execution_id: str, after_sequence: int = 0, limit: int = 1000) -> Sequence[EventRecord]:
        """At most `limit` events with a greater sequence, in order."""

    async def revision(self) -> int:
        """The revision of the last committed transaction that wrote resources; 0 in an empty store."""

    async def changes(self, after: int, limit: int) -> Sequence[Change]:
        """The changes with a greater revision, in order.

        A revision is never split: the last one is complete even when that passes `limit`. Raises
        RevisionCompacted when the log no longer reaches back that far.
        """

    async def compact(
        self, keep_count: int, keep_age: timedelta, *, max_bytes: int | None = None, now: datetime | None = None
    ) -> int:
        """Forget old changes; returns the oldest revision that `changes` still reads after.

        Kept are at least the newest `keep_count` changes and all younger than `keep_age` at `now` (default: now), but
        never more than about `max_bytes` of them. No revision is split, and no reader sees half of it.
        """

    async def backup(self, path: Path) -> int:
        """Copy the whole store to a SQLite file at `path`, consistently, while writes go on; returns its revision.

        The file is for its owner only and appears when it is complete and checked; it opens as any store does. Raises
        BackupUnsupported, BackupFailed, StoreFull.
        """

    async def due_outbox(self, limit: int, now: datetime) -> Sequence[OutboxItem]:
        """At most `limit` items whose time has come, the longest due first."""

    async def complete_outbox(self, ids: Sequence[int]) -> None:
        """Remove items that are done; unknown ids are ignored."""

    async def postpone_outbox(self, id: int, not_before: datetime, error: str) -> None:  # noqa: A002 - as above
        """Count a failed attempt and try again at `not_before`; an unknown id is ignored."""

    def add_listener(self, listener: Listener, on_gap: GapListener | None = None) -> Callable[[], None]:
        """Call `listener` on the event loop with the changes of each committed transaction; call this there too.

        In revision order, each exactly once, before the write returns to its caller. On Postgres that includes
        the commits of other repositories on the same database. `on_gap` is called instead for changes of others
        that were compacted before they could be heard here: what the listener knows is then to be read anew. The
        returned function removes the listener.
        """

    async def close(self) -> None:
        """Finish the writes already accepted, then release everything. May be called again."""
