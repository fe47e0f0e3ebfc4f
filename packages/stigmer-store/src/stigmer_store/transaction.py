"""One transaction among those of a group: what a work sees and does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from sqlalchemy.engine import Connection, NestedTransaction

from stigmer_store import limits, lists, queries, retention, statements
from stigmer_store.changeset import ChangeSet, Key
from stigmer_store.errors import RecordNotFound, RequestIdTaken, SlugTaken
from stigmer_store.moments import microseconds
from stigmer_store.pending import PendingWrites
from stigmer_store.recent import Recent
from stigmer_store.records import Change, EventRecord, ListQuery, Page, ResourceRecord

LARGE_BYTES = 64 * 1024
"""A body beyond which a work on a resource may hold up the event loop for longer than others want to wait."""


class _NotKnown(Exception):
    """A work wants to know what only the database knows."""


@dataclass(slots=True)
class Group:
    """Transactions that share one commit, one after the other, on one connection.

    Without a connection they have what is known without asking the database. One that wants more has `missed` it, and
    counts for nothing, whatever it made of that.
    """

    connection: Connection | None
    revision: int
    pending: PendingWrites = field(default_factory=PendingWrites)
    recent: Recent = field(default_factory=Recent)
    written: dict[Key, ResourceRecord | None] = field(default_factory=dict)  # by transactions that have ended well
    missed: bool = False

    @property
    def database(self) -> Connection:
        """The connection, for whoever needs one."""
        if self.connection is None:
            self._miss()
        return self.connection

    def get(self, key: Key) -> ResourceRecord | None:
        """The resource as the next transaction finds it, or None."""
        found = self.written[key] if key in self.written else self._stored(key)
        if self.connection is None and found is not None and len(found.body) > LARGE_BYTES:
            self._miss()
        return found

    def _stored(self, key: Key) -> ResourceRecord | None:
        return self.recent.get(key) or queries.get(self.database, *key)

    def _miss(self) -> NoReturn:
        self.missed = True
        raise _NotKnown

    def take(self, ahead: Group) -> None:
        """Take over the transactions of a group that began at the revision of this one."""
        self.pending.merge(ahead.pending)
        self.written.update(ahead.written)
        self.revision = ahead.revision

    def flush(self) -> None:
        """Tell the database all that the transactions so far have decided."""
        self.pending.flush(self.database)


class SqlTransaction:
    """A Transaction that keeps its writes to itself for as long as it can.

    An update of a known resource, an event and an outbox item wait in `_own`. Whatever the database must judge
    or show (a slug, a list) opens a savepoint, tells it what waits, and goes on there.
    """

    def __init__(self, group: Group) -> None:
        self._group = group
        self._revision: int | None = None
        self._own = PendingWrites()
        self._known: dict[Key, ResourceRecord | None] = {}  # what it has read and written
        self._changes = ChangeSet()
        self._savepoint: NestedTransaction | None = None

    def commit(self) -> Sequence[Change]:
        """Hand everything over to the group; returns what it will have changed once the group commits."""
        if self._savepoint is not None:
            self._savepoint.commit()
        if self._revision is None:
            changes: Sequence[Change] = ()
        else:
            self._group.revision = self._revision
            changes = self._changes.finish(self._revision)
            self._own.changes.append(changes)
            self._group.written.update(self._changes.after)
        self._group.pending.merge(self._own)
        return changes

    def rollback(self) -> None:
        """Leave the group as it was before this transaction."""
        if self._savepoint is not None:
            self._savepoint.rollback()

    def revision(self) -> int:
        """The revision of this transaction."""
        if self._revision is None:
            self._revision = self._group.revision + 1
        return self._revision

    def get(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """The resource, or None."""
        key = (kind, id)
        if key not in self._known:
            self._known[key] = self._group.get(key)
        return self._known[key]

    def require(self, kind: str, id: str) -> ResourceRecord:  # noqa: A002 - the field is called id
        """The resource; raises RecordNotFound."""
        record = self.get(kind, id)
        if record is None:
            raise RecordNotFound(kind, id)
        return record

    def find_by_slug(self, kind: str, org: str, slug: str) -> ResourceRecord | None:
        """The resource with this slug, or None."""
        return self._latest(queries.find_by_slug(self._group.database, kind, org, slug))

    def find_by_request_id(self, kind: str, org: str, request_id: str) -> ResourceRecord | None:
        """The resource that this request made, or None."""
        return self._latest(queries.find_by_request_id(self._group.database, kind, org, request_id))

    def list(self, query: ListQuery) -> Page:
        """One page, with what this transaction has written."""
        self._tell()
        at_revision = self._group.revision if self._revision is None else self._revision
        return lists.list_page(self._group.database, query, at_revision)

    def put(self, record: ResourceRecord) -> None:
        """Insert or replace, and log the change. Raises SlugTaken, RequestIdTaken, InvalidValue."""
        limits.check_revision(record, self.revision())
        before, key = self.get(record.kind, record.id), (record.kind, record.id)
        if before is not None and _same_place(before, record):
            limits.check_update(record, before)
            self._own.update(key, record, before)
        else:
            limits.check_record(record)
            self._check_place(record)
            self._tell()
            if before is None:
                statements.insert_record(self._group.database, record)
            else:
                statements.replace_record(self._group.database, before, record)
        self._note(key, before, record)

    def delete(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """Remove, log the change, and return the last state."""
        before = self.get(kind, id)
        if before is None:
            return None
        self.revision()
        self._tell()
        statements.delete_record(self._group.database, before)
        self._note((kind, id), before, None)
        return before

    def enqueue(self, topic: str, key: str, payload: bytes, not_before: datetime | None = None) -> None:
        """Leave a task for the dispatcher."""
        limits.check_outbox(topic, key, not_before)
        self._own.outbox.append(statements.outbox_row(topic, key, payload, not_before))

    def complete_outbox(self, ids: Sequence[int]) -> None:
        """Remove items that are done."""
        self._own.completed += ids

    def postpone_outbox(self, id: int, not_before: datetime, error: str) -> None:  # noqa: A002 - as above
        """Count a failed attempt and try again later."""
        limits.check_time("not_before", not_before)
        self._own.postponed.append((microseconds(not_before), limits.without_nul(error), id))

    def append_events(self, execution_id: str, events: Sequence[tuple[str, bytes]]) -> Sequence[EventRecord]:
        """Append what is new and return it."""
        limits.check_events(execution_id, events)
        seen = self._seen_event_ids(execution_id, [event_id for event_id, _ in events])
        sequence = self.next_event_sequence(execution_id)
        added: list[EventRecord] = []
        for event_id, body in events:
            if event_id not in seen:
                seen.add(event_id)
                added.append(EventRecord(execution_id, sequence + len(added), event_id, body))
        for event in added:
            self._own.append(event)
        return added

    def next_event_sequence(self, execution_id: str) -> int:
        """The sequence number that the next event of this execution gets."""
        for pending in (self._own, self._group.pending):
            last = pending.last_sequence(execution_id)
            if last is not None:
                return last + 1
        return queries.last_event_sequence(self._group.database, execution_id) + 1

    def delete_events(self, execution_id: str) -> None:
        """Forget all events of an execution."""
        self._tell()
        statements.delete_events(self._group.database, execution_id)

    def forget_changes(self, up_to: int) -> int:
        """Forget the oldest entries of the change log; see `retention.forget`."""
        self._tell()
        return retention.forget(self._group.database, up_to)

    def _tell(self) -> None:
        """Let the database know everything so far; from here on a rollback is the database's work."""
        if self._savepoint is None:
            self._group.flush()  # before the savepoint: a rollback to it must not take back other transactions
            self._savepoint = self._group.database.begin_nested()
        self._own.flush(self._group.database)

    def _note(self, key: Key, before: ResourceRecord | None, after: ResourceRecord | None) -> None:
        self._known[key] = after
        self._changes.add(key, before, after)

    def _latest(self, found: ResourceRecord | None) -> ResourceRecord | None:
        """What waits never changes a slug or request id: the database finds, the latest state answers."""
        if found is None:
            return None
        key = (found.kind, found.id)
        if key not in self._known:
            self._known[key] = self._group.written.get(key) or found
        return self._known[key]

    def _check_place(self, record: ResourceRecord) -> None:
        holder = self.find_by_slug(record.kind, record.org, record.slug)
        if holder is not None and holder.id != record.id:
            raise SlugTaken(record.kind, record.org, record.slug, holder.id)
        holder = self.find_by_request_id(record.kind, record.org, record.request_id)
        if holder is not None and holder.id != record.id:
            raise RequestIdTaken(record.kind, record.org, record.request_id, holder.id)

    def _seen_event_ids(self, execution_id: str, event_ids: Sequence[str]) -> set[str]:
        seen = queries.known_event_ids(self._group.database, execution_id, event_ids)
        for pending in (self._own, self._group.pending):
            seen.update(pending.events.get(execution_id, ()))
        return seen


def _same_place(before: ResourceRecord, after: ResourceRecord) -> bool:
    """Whether an update leaves everything that is indexed for uniqueness and order as it was."""
    return (before.org, before.slug, before.request_id, before.created_at) == (
        after.org,
        after.slug,
        after.request_id,
        after.created_at,
    )
