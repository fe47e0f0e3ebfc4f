"""Writes that were decided and not yet told to the database.

Telling them for a whole group of transactions at once costs a fraction of telling them one by one, and a
transaction that fails before it had to tell anything has nothing to take back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from stigmer_store import statements, tables
from stigmer_store.bulk import Row
from stigmer_store.changeset import Key
from stigmer_store.records import Change, EventRecord, ResourceRecord


@dataclass(slots=True)
class Update:
    """The new state of a resource that keeps its slug, and which of its side tables change."""

    record: ResourceRecord
    labels: bool
    fields: bool


@dataclass(slots=True)
class PendingWrites:
    """What one transaction, or a group of them, has still to tell."""

    updates: dict[Key, Update] = field(default_factory=dict)
    events: dict[str, dict[str, EventRecord]] = field(default_factory=dict)  # by execution, then by event id
    outbox: list[Row] = field(default_factory=list)
    postponed: list[Row] = field(default_factory=list)
    completed: list[int] = field(default_factory=list)
    changes: list[Sequence[Change]] = field(default_factory=list)  # one entry per transaction
    log_bytes: int = 0  # size of the change log before what waits here; only a group knows it

    def update(self, update: Update) -> None:
        """Add an update; the latest state wins, and a side table once touched stays so."""
        key = (update.record.kind, update.record.id)
        if earlier := self.updates.get(key):
            update = Update(update.record, update.labels or earlier.labels, update.fields or earlier.fields)
        self.updates[key] = update

    def append(self, event: EventRecord) -> None:
        """Add an event, the next one of its execution."""
        self.events.setdefault(event.execution_id, {})[event.event_id] = event

    def last_sequence(self, execution_id: str) -> int | None:
        """The sequence of the last event added for this execution, None when there is none."""
        events = self.events.get(execution_id)
        return events[next(reversed(events))].sequence if events else None

    def merge(self, other: PendingWrites) -> None:
        """Take over the writes of a transaction that has ended well."""
        for update in other.updates.values():
            self.update(update)
        for events in other.events.values():
            for event in events.values():
                self.append(event)
        self.changes += other.changes
        if other.outbox or other.postponed or other.completed:
            self.outbox += other.outbox
            self.postponed += other.postponed
            self.completed += other.completed

    def flush(self, connection: Connection) -> None:
        """Tell the database everything, and forget it."""
        rows = self._flush_updates(connection) if self.updates else {}
        if self.events:
            events = [event for by_id in self.events.values() for event in by_id.values()]
            statements.insert_events(connection, events)
        statements.postpone_outbox(connection, self.postponed)
        statements.delete_outbox(connection, self.completed)
        statements.insert_outbox(connection, self.outbox)  # last: nobody can know the ids these will get
        self.log_bytes = statements.insert_changes(connection, self.changes, rows, self.log_bytes)
        for told in (self.updates, self.events, self.outbox, self.postponed, self.completed, self.changes):
            told.clear()

    def _flush_updates(self, connection: Connection) -> dict[Key, Row]:
        updates = self.updates.values()
        rows = {key: statements.row_of(update.record) for key, update in self.updates.items()}
        statements.update_records(connection, list(rows.values()))
        if relabelled := [update.record for update in updates if update.labels]:
            statements.replace_entries(connection, tables.resource_labels, relabelled)
        if moved := [update.record for update in updates if update.fields]:
            statements.replace_entries(connection, tables.resource_fields, moved)
        return rows
