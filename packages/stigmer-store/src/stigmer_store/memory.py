"""The repository in memory: for tests and for trying things out. It keeps the whole contract but durability."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from stigmer_store import limits, paging
from stigmer_store.backup import BackupUnsupported
from stigmer_store.changeset import ChangeSet, Key
from stigmer_store.errors import (
    RecordNotFound,
    RequestIdTaken,
    RevisionCompacted,
    SlugTaken,
    StoreClosed,
)
from stigmer_store.listeners import Listeners
from stigmer_store.records import (
    NOT_COUNTED,
    Change,
    EventRecord,
    ListQuery,
    OutboxItem,
    Page,
    ResourceRecord,
)
from stigmer_store.repository import GapListener, Listener, Transaction
from stigmer_store.retention import last_to_forget_in, retention_of

T = TypeVar("T")


@dataclass(slots=True)
class _State:
    """All that is stored, in values that never change themselves: a shallow copy is a snapshot."""

    revision: int = 0
    compacted: int = 0
    last_outbox_id: int = 0
    resources: dict[Key, ResourceRecord] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    logged_at: list[datetime] = field(default_factory=list)  # one for each change
    outbox: dict[int, OutboxItem] = field(default_factory=dict)
    events: dict[str, tuple[EventRecord, ...]] = field(default_factory=dict)

    def copy(self) -> _State:
        """What a transaction works on, to be kept or thrown away."""
        return replace(
            self,
            resources=self.resources.copy(),
            changes=self.changes.copy(),
            logged_at=self.logged_at.copy(),
            outbox=self.outbox.copy(),
            events=self.events.copy(),
        )

    def find(self, kind: str, org: str, attribute: str, value: str) -> ResourceRecord | None:
        """The resource whose attribute has this value; None for the empty value, which means none."""
        wanted = (kind, org, value)
        found = (r for r in self.resources.values() if (r.kind, r.org, getattr(r, attribute)) == wanted)
        return next(found, None) if value else None

    def list_page(self, query: ListQuery, at_revision: int) -> Page:
        """One page, told to be of `at_revision`."""
        limits.check_query(query)
        start = paging.decode_token(query)
        matches = [record for record in self.resources.values() if query.matches(record)]
        matches.sort(key=paging.position_of, reverse=query.newest_first)
        rest = [record for record in matches if start is None or _follows(record, start, query)]
        items = tuple(rest[: query.limit])
        token = paging.encode_token(query, items[-1]) if len(rest) > len(items) else ""
        return Page(items, token, len(matches) if query.counted else NOT_COUNTED, at_revision)


def _follows(record: ResourceRecord, start: paging.Position, query: ListQuery) -> bool:
    here = paging.position_of(record)
    return here < start if query.newest_first else here > start


class _MemoryTransaction:
    """A Transaction on a copy of the state, which becomes the state when the work ends well."""

    def __init__(self, state: _State) -> None:
        self.state = state
        self._raised = False
        self._changes = ChangeSet()

    def finish(self) -> Sequence[Change]:
        """Log the changes and return them."""
        changes = self._changes.finish(self.state.revision)
        self.state.changes += changes
        self.state.logged_at += [datetime.now(UTC)] * len(changes)
        return changes

    def revision(self) -> int:
        """The revision of this transaction."""
        if not self._raised:
            self._raised = True
            self.state.revision += 1
        return self.state.revision

    def get(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """The resource, or None."""
        return self.state.resources.get((kind, id))

    def require(self, kind: str, id: str) -> ResourceRecord:  # noqa: A002 - the field is called id
        """The resource; raises RecordNotFound."""
        record = self.get(kind, id)
        if record is None:
            raise RecordNotFound(kind, id)
        return record

    def find_by_slug(self, kind: str, org: str, slug: str) -> ResourceRecord | None:
        """The resource with this slug, or None."""
        return self.state.find(kind, org, "slug", slug)

    def find_by_request_id(self, kind: str, org: str, request_id: str) -> ResourceRecord | None:
        """The resource that this request made, or None."""
        return self.state.find(kind, org, "request_id", request_id)

    def list(self, query: ListQuery) -> Page:
        """One page, with what this transaction has written."""
        return self.state.list_page(query, self.state.revision)

    def put(self, record: ResourceRecord) -> None:
        """Insert or replace, and log the change. Raises SlugTaken, RequestIdTaken, InvalidValue."""
        limits.check_record(record)
        limits.check_revision(record, self.revision())
        self._check_place(record)
        key = (record.kind, record.id)
        self._changes.add(key, self.state.resources.get(key), record)
        self.state.resources[key] = record

    def delete(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """Remove, log the change, and return the last state."""
        before = self.state.resources.pop((kind, id), None)
        if before is not None:
            self.revision()
            self._changes.add((kind, id), before, None)
        return before

    def enqueue(self, topic: str, key: str, payload: bytes, not_before: datetime | None = None) -> None:
        """Leave a task for the dispatcher."""
        limits.check_outbox(topic, key, not_before)
        now = datetime.now(UTC)
        self.state.last_outbox_id += 1
        item = OutboxItem(self.state.last_outbox_id, topic, key, payload, 0, not_before or now, now)
        self.state.outbox[item.id] = item

    def complete_outbox(self, ids: Sequence[int]) -> None:
        """Remove items that are done."""
        for id_ in ids:
            self.state.outbox.pop(id_, None)

    def postpone_outbox(self, id: int, not_before: datetime, error: str) -> None:  # noqa: A002 - as above
        """Count a failed attempt and try again later."""
        limits.check_time("not_before", not_before)
        if item := self.state.outbox.get(id):
            told = limits.without_nul(error)
            later = replace(item, attempts=item.attempts + 1, not_before=not_before, error=told)
            self.state.outbox[id] = later

    def append_events(self, execution_id: str, events: Sequence[tuple[str, bytes]]) -> Sequence[EventRecord]:
        """Append what is new and return it."""
        limits.check_events(execution_id, events)
        stored = self.state.events.get(execution_id, ())
        seen = {event.event_id for event in stored}
        added: list[EventRecord] = []
        for event_id, body in events:
            if event_id not in seen:
                seen.add(event_id)
                added.append(EventRecord(execution_id, len(stored) + len(added) + 1, event_id, body))
        self.state.events[execution_id] = (*stored, *added)
        return added

    def next_event_sequence(self, execution_id: str) -> int:
        """The sequence number that the next event of this execution gets."""
        return len(self.state.events.get(execution_id, ())) + 1

    def delete_events(self, execution_id: str) -> None:
        """Forget all events of an execution."""
        self.state.events.pop(execution_id, None)

    def _check_place(self, record: ResourceRecord) -> None:
        holder = self.find_by_slug(record.kind, record.org, record.slug)
        if holder is not None and holder.id != record.id:
            raise SlugTaken(record.kind, record.org, record.slug, holder.id)
        holder = self.find_by_request_id(record.kind, record.org, record.request_id)
        if holder is not None and holder.id != record.id:
            raise RequestIdTaken(record.kind, record.org, record.request_id, holder.id)


class MemoryRepository:
    """A Repository that lives as long as its process. A write costs time in proportion to what is stored."""

    def __init__(self) -> None:
        self._state = _State()
        self._listeners = Listeners()
        self._closed = False

    @property
    def url(self) -> str:
        """Always `memory://`."""
        return "memory://"

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one atomic transaction; see the protocol."""
        self._open_state()
        await asyncio.sleep(0)  # other tasks run in between, as they do with a database
        transaction = _MemoryTransaction(self._state.copy())
        result = work(transaction)
        changes = transaction.finish()
        self._state = transaction.state
        self._listeners.publish(changes)
        return result

    async def get(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """The resource, or None."""
        return self._open_state().resources.get((kind, id))

    async def find_by_slug(self, kind: str, org: str, slug: str) -> ResourceRecord | None:
        """The resource with this slug, or None."""
        return self._open_state().find(kind, org, "slug", slug)

    async def find_by_request_id(self, kind: str, org: str, request_id: str) -> ResourceRecord | None:
        """The resource that this request made, or None."""
        return self._open_state().find(kind, org, "request_id", request_id)

    async def list(self, query: ListQuery) -> Page:
        """One page of one moment. Raises BadPageToken, InvalidValue."""
        state = self._open_state()
        return state.list_page(query, state.revision)

    async def events(self, execution_id: str, after_sequence: int = 0, limit: int = 1000) -> Sequence[EventRecord]:
        """At most `limit` events with a greater sequence, in order."""
        return self._open_state().events.get(execution_id, ())[after_sequence:][:limit]

    async def revision(self) -> int:
        """The revision of the last committed transaction that wrote resources."""
        return self._open_state().revision

    async def changes(self, after: int, limit: int) -> Sequence[Change]:
        """The changes with a greater revision, in order, no revision split. Raises RevisionCompacted."""
        state = self._open_state()
        if after < state.compacted:
            raise RevisionCompacted(after, state.compacted)
        newer = [change for change in state.changes if change.revision > after]
        if len(newer) <= limit:
            return newer
        last = newer[max(limit, 1) - 1].revision
        return [change for change in newer if change.revision <= last]

    async def compact(
        self, keep_count: int, keep_age: timedelta, *, max_bytes: int | None = None, now: datetime | None = None
    ) -> int:
        """Forget old changes; returns the oldest revision to read after."""
        keep = retention_of(keep_count, keep_age, max_bytes, now)
        state = self._open_state().copy()
        log = list(zip(state.changes, state.logged_at, strict=True))
        state.compacted = last_to_forget_in(log, keep, state.compacted)
        kept = [(change, logged_at) for change, logged_at in log if change.revision > state.compacted]
        state.changes = [change for change, _ in kept]
        state.logged_at = [logged_at for _, logged_at in kept]
        self._state = state
        return state.compacted

    async def backup(self, path: Path) -> int:
        """Not possible: raises BackupUnsupported."""
        raise BackupUnsupported(f"a store in memory keeps nothing, also not in {path}")

    async def due_outbox(self, limit: int, now: datetime) -> Sequence[OutboxItem]:
        """At most `limit` items whose time has come, the longest due first."""
        limits.check_time("now", now)
        due = [item for item in self._open_state().outbox.values() if item.not_before <= now]
        return sorted(due, key=lambda item: (item.not_before, item.id))[:limit]

    async def complete_outbox(self, ids: Sequence[int]) -> None:
        """Remove items that are done."""
        await self.write(lambda transaction: transaction.complete_outbox(ids))

    async def postpone_outbox(self, id: int, not_before: datetime, error: str) -> None:  # noqa: A002 - as above
        """Count a failed attempt and try again later."""
        await self.write(lambda transaction: transaction.postpone_outbox(id, not_before, error))

    def add_listener(self, listener: Listener, on_gap: GapListener | None = None) -> Callable[[], None]:
        """Call `listener` with the changes of each committed transaction; see the protocol."""
        return self._listeners.add(listener, on_gap)

    async def close(self) -> None:
        """Take no more; writes already accepted still end well."""
        self._closed = True

    def _open_state(self) -> _State:
        if self._closed:
            raise StoreClosed("the store is closed")
        return self._state
