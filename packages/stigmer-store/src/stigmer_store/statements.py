"""Every statement that writes, each for many rows at once, in the types of the driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from stigmer_store import driver, tables
from stigmer_store.bulk import Bulk, Row
from stigmer_store.changeset import Key
from stigmer_store.moments import microseconds
from stigmer_store.notices import CHANNEL
from stigmer_store.records import Change, EventRecord, ResourceRecord, search_text
from stigmer_store.retention import size_of
from stigmer_store.tables import resources

_THIS = (resources.c.kind == bindparam("this_kind"), resources.c.id == bindparam("this_id"))
_COLUMNS = [column.name for column in resources.c]
_ORDINARY = ("name", "revision", "updated_at", "body", "labels", "fields", "search")

_INSERT = Bulk(sa.insert(resources), _COLUMNS)
_REPLACE = Bulk(
    sa.update(resources).where(*_THIS).values({name: bindparam(name) for name in _COLUMNS}),
    (*_COLUMNS, "this_kind", "this_id"),
)
_UPDATE = Bulk(  # of what is there: as an INSERT it takes many rows at once
    sa.insert(resources),
    _COLUMNS,
    f" ON CONFLICT (kind, id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _ORDINARY)}",
)
_DELETE = Bulk(sa.delete(resources).where(*_THIS), ("this_kind", "this_id"))
_COUNT = Bulk(
    sa.insert(tables.resource_counts),
    ("kind", "org", "total"),
    " ON CONFLICT (kind, org) DO UPDATE SET total = resource_counts.total + excluded.total",
)

_RECORD = len(tables.RECORD_COLUMNS)
_REVISION = _COLUMNS.index("revision")


def row_of(record: ResourceRecord) -> Row:
    """A row of `resources`."""
    return (
        record.kind,
        record.id,
        record.org,
        record.slug or None,
        record.name,
        record.revision,
        microseconds(record.created_at),
        microseconds(record.updated_at),
        record.body,
        tables.map_text(record.labels),
        tables.map_text(record.fields),
        record.request_id or None,
        search_text(record.name, record.slug),
    )


def insert_record(connection: Connection, record: ResourceRecord) -> None:
    """Add a resource with its labels and fields."""
    _INSERT.run(connection, [row_of(record)])
    _count(connection, record, 1)
    _insert_entries(connection, tables.resource_labels, [record])
    _insert_entries(connection, tables.resource_fields, [record])


def replace_record(connection: Connection, before: ResourceRecord, record: ResourceRecord) -> None:
    """Write every column of a resource, with its labels and fields."""
    _REPLACE.run(connection, [(*row_of(record), record.kind, record.id)])
    if before.org != record.org:
        _count(connection, before, -1)
        _count(connection, record, 1)
    for table in (tables.resource_labels, tables.resource_fields):
        replace_entries(connection, table, [record])


def update_records(connection: Connection, rows: Sequence[Row]) -> None:
    """Write what an ordinary update changes: not the slug, organisation, request id and time of creation."""
    _UPDATE.run(connection, rows)


def delete_record(connection: Connection, record: ResourceRecord) -> None:
    """Remove a resource with its labels and fields."""
    key = (record.kind, record.id)
    _DELETE.run(connection, [key])
    _count(connection, record, -1)
    for table in (tables.resource_labels, tables.resource_fields):
        _delete_entries(connection, table, [key])


def _count(connection: Connection, record: ResourceRecord, difference: int) -> None:
    """Say that there are more or fewer resources where this one is."""
    _COUNT.run(connection, [(record.kind, record.org, difference)])


def replace_entries(connection: Connection, table: sa.Table, records: Sequence[ResourceRecord]) -> None:
    """Make one side table say what these records say."""
    _delete_entries(connection, table, [(record.kind, record.id) for record in records])
    _insert_entries(connection, table, records)


def _delete_entries(connection: Connection, table: sa.Table, keys: Sequence[Key]) -> None:
    _DELETE_ENTRIES[table.name].run(connection, keys)


def _insert_entries(connection: Connection, table: sa.Table, records: Sequence[ResourceRecord]) -> None:
    attribute = "labels" if table is tables.resource_labels else "fields"
    rows = []
    for record in records:
        created = microseconds(record.created_at)
        rows += [(record.kind, record.id, *entry, created) for entry in getattr(record, attribute).items()]
    _INSERT_ENTRIES[table.name].run(connection, rows)


def _bulk_delete_entries(table: sa.Table) -> Bulk:
    this = (table.c.kind == bindparam("this_kind"), table.c.id == bindparam("this_id"))
    return Bulk(sa.delete(table).where(*this), ("this_kind", "this_id"))


def _bulk_insert(table: sa.Table) -> Bulk:
    """Adds rows that have a value for every column but one that the database counts up."""
    return Bulk(sa.insert(table), [column.name for column in table.c if column is not table.autoincrement_column])


_SIDE_TABLES = (tables.resource_labels, tables.resource_fields)
_DELETE_ENTRIES = {table.name: _bulk_delete_entries(table) for table in _SIDE_TABLES}
_INSERT_ENTRIES = {table.name: _bulk_insert(table) for table in _SIDE_TABLES}
_INSERT_EVENTS = _bulk_insert(tables.execution_events)
_INSERT_OUTBOX = _bulk_insert(tables.outbox)
_INSERT_CHANGES = _bulk_insert(tables.changes)


def insert_events(connection: Connection, events: Sequence[EventRecord]) -> None:
    """Add events."""
    rows = [(event.execution_id, event.sequence, event.event_id, event.body) for event in events]
    _INSERT_EVENTS.run(connection, rows)


def delete_events(connection: Connection, execution_id: str) -> None:
    """Remove all events of an execution."""
    table = tables.execution_events
    connection.execute(sa.delete(table).where(table.c.execution_id == execution_id))


def insert_outbox(connection: Connection, rows: Sequence[Row]) -> None:
    """Add outbox items, in order."""
    _INSERT_OUTBOX.run(connection, rows)


def outbox_row(topic: str, key: str, payload: bytes, not_before: datetime | None) -> Row:
    """A row of `outbox`, due now unless it says when."""
    now = datetime.now(UTC)
    return (topic, key, payload, 0, microseconds(not_before or now), microseconds(now), "")


_OUTBOX = tables.outbox.c
_POSTPONE = Bulk(
    sa.update(tables.outbox)
    .where(_OUTBOX.id == bindparam("this_id"))
    .values(
        attempts=_OUTBOX.attempts + sa.literal_column("1"), not_before=bindparam("later"), error=bindparam("because")
    ),
    ("later", "because", "this_id"),
)
_COMPLETE = Bulk(sa.delete(tables.outbox).where(_OUTBOX.id == bindparam("this_id")), ("this_id",))


def postpone_outbox(connection: Connection, rows: Sequence[Row]) -> None:
    """Count a failed attempt of each item: rows of when it is due again, because of which error, and its id."""
    _POSTPONE.run(connection, rows)


def delete_outbox(connection: Connection, ids: Sequence[int]) -> None:
    """Remove items."""
    _COMPLETE.run(connection, [(id_,) for id_ in ids])


def insert_changes(
    connection: Connection, transactions: Sequence[Sequence[Change]], rows_of: Mapping[Key, Row], log_bytes: int
) -> int:
    """Log the changes of each of these transactions; from and to the size of all that was ever logged.

    `rows_of`: rows that were made of the newest of these records already.
    """
    rows = []
    now = microseconds(datetime.now(UTC))
    for transaction in transactions:
        for ordinal, change in enumerate(transaction):
            log_bytes += size_of(change)
            record = change.record
            row = rows_of.get((change.kind, change.id))
            if row is None or row[_REVISION] != record.revision:
                row = row_of(record)
            previous = (
                tables.optional_map_text(change.previous_labels),
                tables.optional_map_text(change.previous_fields),
            )
            operation = change.operation.value
            rows.append((change.revision, ordinal, operation, *row[:_RECORD], *previous, now, log_bytes))
    _INSERT_CHANGES.run(connection, rows)
    return log_bytes


_LOCK = sa.select(tables.revision_counter.c.revision, tables.revision_counter.c.log_bytes).with_for_update()
_lock_texts: dict[str, str] = {}
_SET = Bulk(
    sa.update(tables.revision_counter).values(revision=bindparam("new"), log_bytes=bindparam("size")), ("new", "size")
)


def lock_revision(connection: Connection) -> tuple[int, int]:
    """The current revision and size of the log; no other writer moves until the transaction ends."""
    dialect = connection.dialect
    text = _lock_texts.get(dialect.name) or _lock_texts.setdefault(dialect.name, str(_LOCK.compile(dialect=dialect)))
    ((revision, log_bytes),) = driver.execute(connection, text).fetchall()  # all, so that SQLite is done with it
    return revision, log_bytes


def set_revision(connection: Connection, revision: int, log_bytes: int) -> None:
    """Make these the current ones."""
    _SET.run(connection, [(revision, log_bytes)])


def notify(connection: Connection, revision: int) -> None:
    """Tell the other processes of a Postgres database, once this commits, that there is something to read."""
    connection.execute(sa.select(sa.func.pg_notify(CHANNEL, str(revision))))
