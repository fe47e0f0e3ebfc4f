"""Every read but lists, as a function of a connection: readers and transactions ask the same questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from stigmer_store import tables
from stigmer_store.changeset import Key
from stigmer_store.errors import RevisionCompacted
from stigmer_store.limits import storable
from stigmer_store.records import (
    Change,
    EventRecord,
    Operation,
    OutboxItem,
    ResourceRecord,
)
from stigmer_store.tables import resources

_RECORDS = sa.select(*tables.RECORD_COLUMNS)
_COUNTER = sa.select(tables.revision_counter.c.revision, tables.revision_counter.c.compacted)

_BY_ID = _RECORDS.where(resources.c.kind == bindparam("kind"), resources.c.id == bindparam("id"))
_BY_IDS = _RECORDS.where(resources.c.kind == bindparam("kind"), resources.c.id.in_(bindparam("ids", expanding=True)))
_BY_SLUG = _RECORDS.where(
    resources.c.kind == bindparam("kind"),
    resources.c.org == bindparam("org"),
    resources.c.slug == bindparam("slug"),
)
_BY_REQUEST_ID = _RECORDS.where(
    resources.c.kind == bindparam("kind"),
    resources.c.org == bindparam("org"),
    resources.c.request_id == bindparam("request_id"),
)


def get(connection: Connection, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field's name
    """The resource, or None."""
    return _one(connection, _BY_ID, {"kind": kind, "id": id})


def get_several(connection: Connection, keys: Sequence[Key]) -> dict[Key, ResourceRecord]:
    """Those of the resources that there are, by their keys."""
    found: dict[Key, ResourceRecord] = {}
    by_kind: dict[str, list[str]] = {}
    for kind, id_ in keys:
        if storable(kind) and storable(id_):
            by_kind.setdefault(kind, []).append(id_)
    for kind, ids in by_kind.items():
        rows = connection.execute(_BY_IDS, {"kind": kind, "ids": ids})
        found.update(((kind, record.id), record) for record in (ResourceRecord(*row) for row in rows))
    return found


def find_by_slug(connection: Connection, kind: str, org: str, slug: str) -> ResourceRecord | None:
    """The resource with this slug, or None."""
    return _one(connection, _BY_SLUG, {"kind": kind, "org": org, "slug": slug}) if slug else None


def find_by_request_id(connection: Connection, kind: str, org: str, request_id: str) -> ResourceRecord | None:
    """The resource that this request made, or None."""
    parameters = {"kind": kind, "org": org, "request_id": request_id}
    return _one(connection, _BY_REQUEST_ID, parameters) if request_id else None


def _one(connection: Connection, statement: sa.Select[Any], parameters: dict[str, str]) -> ResourceRecord | None:
    if not all(map(storable, parameters.values())):
        return None
    row = connection.execute(statement, parameters).one_or_none()
    return None if row is None else ResourceRecord(*row)


def revision(connection: Connection) -> int:
    """The revision of the last transaction that wrote resources."""
    return int(connection.execute(_COUNTER).one().revision)


_EVENTS = (
    sa.select(tables.execution_events)
    .where(
        tables.execution_events.c.execution_id == bindparam("execution_id"),
        tables.execution_events.c.sequence > bindparam("after"),
    )
    .order_by(tables.execution_events.c.sequence)
    .limit(bindparam("limit"))
)


def events(connection: Connection, execution_id: str, after: int, limit: int) -> list[EventRecord]:
    """At most `limit` events with a greater sequence, in order."""
    parameters = {"execution_id": execution_id, "after": after, "limit": limit}
    return [EventRecord(*row) for row in connection.execute(_EVENTS, parameters)]


_CHANGES = tables.changes
_LOGGED = tuple(_CHANGES.c)[3:-2]  # the columns of the record, and what an update changed in it
_LAST_OF_WINDOW = (
    sa.select(_CHANGES.c.revision)
    .where(_CHANGES.c.revision > bindparam("after"))
    .order_by(_CHANGES.c.revision, _CHANGES.c.ordinal)
    .offset(bindparam("skip"))
    .limit(1)
)
_WINDOW = (
    sa.select(_CHANGES.c.revision, _CHANGES.c.operation, *_LOGGED)
    .where(_CHANGES.c.revision > bindparam("after"), _CHANGES.c.revision <= bindparam("last"))
    .order_by(_CHANGES.c.revision, _CHANGES.c.ordinal)
)


def changes(connection: Connection, after: int, limit: int) -> list[Change]:
    """The changes with a greater revision: `limit` of them and the rest of the last one's revision."""
    newest, compacted = connection.execute(_COUNTER).one()
    if after < compacted:
        raise RevisionCompacted(after, compacted)
    last = connection.execute(_LAST_OF_WINDOW, {"after": after, "skip": max(limit, 1) - 1}).scalar()
    rows = connection.execute(_WINDOW, {"after": after, "last": newest if last is None else last})
    return [_change(*row) for row in rows]


def _change(revision: int, operation: str, *columns: Any) -> Change:
    *columns_of_record, labels, fields = columns
    record = ResourceRecord(*columns_of_record)
    return Change(revision, record.kind, record.id, Operation(operation), record, labels, fields)


_DUE = (
    sa.select(tables.outbox)
    .where(tables.outbox.c.not_before <= bindparam("now", type_=tables.Moment))
    .order_by(tables.outbox.c.not_before, tables.outbox.c.id)
    .limit(bindparam("limit"))
)


def due_outbox(connection: Connection, limit: int, now: datetime) -> list[OutboxItem]:
    """At most `limit` items whose time has come, the longest due first."""
    return [OutboxItem(*row) for row in connection.execute(_DUE, {"now": now, "limit": limit})]


_TAIL = sa.select(sa.func.max(tables.execution_events.c.sequence)).where(
    tables.execution_events.c.execution_id == bindparam("execution_id")
)
_KNOWN = sa.select(tables.execution_events.c.event_id).where(
    tables.execution_events.c.execution_id == bindparam("execution_id"),
    tables.execution_events.c.event_id.in_(bindparam("event_ids", expanding=True)),
)
_KNOWN_AT_ONCE = 500


def last_event_sequence(connection: Connection, execution_id: str) -> int:
    """The sequence of the last stored event, 0 when there is none."""
    return connection.execute(_TAIL, {"execution_id": execution_id}).scalar() or 0


def known_event_ids(connection: Connection, execution_id: str, event_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are stored already."""
    known: set[str] = set()
    for start in range(0, len(event_ids), _KNOWN_AT_ONCE):
        parameters = {"execution_id": execution_id, "event_ids": event_ids[start : start + _KNOWN_AT_ONCE]}
        known.update(connection.execute(_KNOWN, parameters).scalars())
    return known
