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
class PendingWrites:
    """What one transaction, or a group of them, has still to tell."""

    updates: dict[Key, ResourceRecord] = field(default_factory=dict)  # of resources that keep their place
    relabelled: set[Key] = field(default_factory=set)  # those of them whose labels change
    moved: set[Key] = field(default_factory=set)  # and whose fields do
    events: dict[str, dict[str, EventRecord]] = field(default_factory=dict)  # by execution, then by event id
    outbox: list[Row] = field(default_factory=list)
    postponed: list[Row] = field(default_factory=list)
    completed: list[int] = field(default_factory=list)
    changes: list[Sequence[Change]] = field(default_factory=list)  # one entry per transaction
    log_bytes: int = 0  # size of the change log before what waits here; only a group knows it

    def update(self, key: Key, record: ResourceRecord, before: ResourceRecord) -> None:
        """Add the new state of a resource; the latest wins, and a side table once touched stays so."""
        self.updates[key] = record
        if record.labels != before.labels:
            self.relabelled.add(key)
        if record.fields != before.fields:
            self.moved.add(key)

    def append(self, event: EventRecord) -> None:
        """Add an event, the next one of its execution."""
        self.events.setdefault(event.execution_id, {})[event.event_id] = event

    def last_sequence(self, execution_id: str) -> int | None:
        """The sequence of the last event added for this execution, None when there is none."""
        events = self.events.get(execution_id)
        return events[next(reversed(events))].sequence if events else None

    def merge(self, other: PendingWrites) -> None:
        """Take over the writes of a transaction that has ended well."""
        self.updates.update(other.updates)
        self.relabelled |= other.relabelled
        self.moved |= other.moved
        for execution_id, events in other.events.items():
            self.events.setdefault(execution_id, {}).update(events)
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
        for told in (self.updates, self.relabelled, self.moved, self.events, self.outbox, self.postponed):
            told.clear()
        self.completed.clear()
        self.changes.clear()

    def _flush_updates(self, connection: Connection) -> dict[Key, Row]:
        rows = {key: statements.row_of(record) for key, record in self.updates.items()}
        statements.update_records(connection, list(rows.values()))
        sides = ((self.relabelled, tables.resource_labels), (self.moved, tables.resource_fields))
        for keys, table in sides:
            if keys:
                changed = [record for key, record in self.updates.items() if key in keys]
                statements.replace_entries(connection, table, changed)
        return rows
