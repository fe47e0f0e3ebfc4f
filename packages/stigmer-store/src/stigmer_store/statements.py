"""Every statement that writes, each for many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from stigmer_store import tables
from stigmer_store.changeset import Key
from stigmer_store.notices import CHANNEL
from stigmer_store.records import Change, EventRecord, ResourceRecord, search_text
from stigmer_store.retention import size_of
from stigmer_store.tables import resources

Row = dict[str, Any]

_INSERT = sa.insert(resources)
_THIS = (resources.c.kind == bindparam("this_kind"), resources.c.id == bindparam("this_id"))
_REPLACE = sa.update(resources).where(*_THIS)
_UPDATE = _REPLACE.values(
    {name: bindparam(name) for name in ("name", "revision", "updated_at", "body", "labels", "fields", "search")}
)
_DELETE = sa.delete(resources).where(*_THIS)
_FIELDS = tuple(field.name for field in fields(ResourceRecord))
_VALUES = attrgetter(*_FIELDS)


def _row(record: ResourceRecord) -> Row:
    row: Row = dict(zip(_FIELDS, _VALUES(record), strict=True))
    row["search"] = search_text(record.name, record.slug)
    return row


def insert_record(connection: Connection, record: ResourceRecord) -> None:
    """Add a resource with its labels and fields."""
    connection.execute(_INSERT, _row(record))
    _insert_entries(connection, tables.resource_labels, [record])
    _insert_entries(connection, tables.resource_fields, [record])


def replace_record(connection: Connection, record: ResourceRecord) -> None:
    """Write every column of a resource, with its labels and fields."""
    connection.execute(_REPLACE, {"this_kind": record.kind, "this_id": record.id, **_row(record)})
    for table in (tables.resource_labels, tables.resource_fields):
        replace_entries(connection, table, [record])


def update_records(connection: Connection, records: Sequence[ResourceRecord]) -> None:
    """Write what an ordinary update changes: not the slug, organisation, request id and time of creation."""
    rows = [{"this_kind": record.kind, "this_id": record.id, **_row(record)} for record in records]
    connection.execute(_UPDATE, rows)


def delete_record(connection: Connection, key: Key) -> None:
    """Remove a resource with its labels and fields."""
    connection.execute(_DELETE, {"this_kind": key[0], "this_id": key[1]})
    for table in (tables.resource_labels, tables.resource_fields):
        _delete_entries(connection, table, [key])


def replace_entries(connection: Connection, table: sa.Table, records: Sequence[ResourceRecord]) -> None:
    """Make one side table say what these records say."""
    _delete_entries(connection, table, [(record.kind, record.id) for record in records])
    _insert_entries(connection, table, records)


def _delete_entries(connection: Connection, table: sa.Table, keys: Sequence[Key]) -> None:
    statement = sa.delete(table).where(table.c.kind == bindparam("this_kind"), table.c.id == bindparam("this_id"))
    connection.execute(statement, [{"this_kind": kind, "this_id": id_} for kind, id_ in keys])


def _insert_entries(connection: Connection, table: sa.Table, records: Sequence[ResourceRecord]) -> None:
    attribute = "labels" if table is tables.resource_labels else "fields"
    rows = [
        {"kind": record.kind, "id": record.id, "name": name, "value": value}
        for record in records
        for name, value in getattr(record, attribute).items()
    ]
    _insert(connection, table, rows)


def insert_events(connection: Connection, events: Sequence[EventRecord]) -> None:
    """Add events."""
    names = ("execution_id", "sequence", "event_id", "body")
    _insert(connection, tables.execution_events, [{name: getattr(e, name) for name in names} for e in events])


def delete_events(connection: Connection, execution_id: str) -> None:
    """Remove all events of an execution."""
    table = tables.execution_events
    connection.execute(sa.delete(table).where(table.c.execution_id == execution_id))


def insert_outbox(connection: Connection, rows: Sequence[Row]) -> None:
    """Add outbox items, in order."""
    _insert(connection, tables.outbox, rows)


_POSTPONE = (
    sa.update(tables.outbox)
    .where(tables.outbox.c.id == bindparam("this_id"))
    .values(
        attempts=tables.outbox.c.attempts + 1,
        not_before=bindparam("later", type_=tables.Moment),
        error=bindparam("because"),
    )
)
_COMPLETE = sa.delete(tables.outbox).where(tables.outbox.c.id == bindparam("this_id"))


def postpone_outbox(connection: Connection, rows: Sequence[Row]) -> None:
    """Count a failed attempt of each item `this_id`, due again at `later`, `because` of an error."""
    if rows:
        connection.execute(_POSTPONE, rows)


def delete_outbox(connection: Connection, ids: Sequence[int]) -> None:
    """Remove items."""
    if ids:
        connection.execute(_COMPLETE, [{"this_id": id_} for id_ in ids])


def insert_changes(connection: Connection, transactions: Sequence[Sequence[Change]], log_bytes: int) -> int:
    """Log the changes of each of these transactions; from and to the size of all that was ever logged."""
    rows = []
    now = datetime.now(UTC)
    for transaction in transactions:
        for ordinal, change in enumerate(transaction):
            log_bytes += size_of(change)
            rows.append(_logged(change, ordinal, now, log_bytes))
    _insert(connection, tables.changes, rows)
    return log_bytes


def _logged(change: Change, ordinal: int, now: datetime, log_bytes: int) -> Row:
    return {
        **_row(change.record),
        "record_revision": change.record.revision,
        "revision": change.revision,
        "ordinal": ordinal,
        "operation": change.operation.value,
        "previous_labels": change.previous_labels,
        "previous_fields": change.previous_fields,
        "logged_at": now,
        "log_bytes": log_bytes,
    }


def lock_revision(connection: Connection) -> tuple[int, int]:
    """The current revision and size of the log; no other writer moves until the transaction ends."""
    counter = tables.revision_counter.c
    row = connection.execute(sa.select(counter.revision, counter.log_bytes).with_for_update()).one()
    return row.revision, row.log_bytes


def set_revision(connection: Connection, revision: int, log_bytes: int) -> None:
    """Make these the current ones."""
    statement = sa.update(tables.revision_counter).values(revision=bindparam("new"), log_bytes=bindparam("size"))
    connection.execute(statement, {"new": revision, "size": log_bytes})


def notify(connection: Connection, revision: int) -> None:
    """Tell the other processes of a Postgres database, once this commits, that there is something to read."""
    connection.execute(sa.select(sa.func.pg_notify(CHANNEL, str(revision))))


def _insert(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)
