"""Every read, as a function of a connection: the readers and the transactions ask the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from stigmer_store import paging, tables
from stigmer_store.errors import RevisionCompacted
from stigmer_store.limits import can_match, check_query, storable
from stigmer_store.records import (
    NOT_COUNTED,
    Change,
    EventRecord,
    ListQuery,
    Operation,
    Operator,
    OutboxItem,
    Page,
    Requirement,
    ResourceRecord,
)
from stigmer_store.tables import resources

_RECORDS = sa.select(*tables.RECORD_COLUMNS)
_COUNTER = sa.select(tables.revision_counter.c.revision, tables.revision_counter.c.compacted)

_BY_ID = _RECORDS.where(resources.c.kind == bindparam("kind"), resources.c.id == bindparam("id"))
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


_FEW = 2000
"""Up to so many matches are found by their labels and fields and then sorted; of more, a page of them is soon met
by walking all resources in order. The other way round either takes a hundred times longer."""


def list_page(connection: Connection, query: ListQuery, at_revision: int) -> Page:
    """One page, told to be of `at_revision`. Raises BadPageToken, InvalidValue."""
    check_query(query)
    start = paging.decode_token(query)
    if not can_match(query):
        return Page((), "", 0 if query.counted else NOT_COUNTED, at_revision)
    entries, rarest = _rarest_first(connection, query)
    total = connection.execute(_total(query, entries)).scalar_one() if query.counted else NOT_COUNTED
    few = entries and (total if query.counted else rarest) <= _FEW
    rows = connection.execute(_page(_narrowed(query, entries, joined=bool(few)), query, start)).all()
    items = tuple(ResourceRecord(*row) for row in rows[: query.limit])
    token = paging.encode_token(query, items[-1]) if len(rows) > query.limit else ""
    return Page(items, token, total, at_revision)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A wanted label or field: a side table under a name of its own, and the rows of it that are wanted."""

    table: sa.FromClause
    pair: tuple[str, str]

    @property
    def wanted(self) -> sa.ColumnElement[bool]:
        """The condition of the rows."""
        name, value = self.pair
        return sa.and_(self.table.c.name == name, self.table.c.value == value)

    def of(self, other: sa.FromClause) -> sa.ColumnElement[bool]:
        """The wanted row, if any, of the same resource as a row of another table."""
        return sa.and_(self.table.c.kind == other.c.kind, self.table.c.id == other.c.id, self.wanted)

    def exists(self, other: sa.FromClause) -> sa.ColumnElement[bool]:
        """Whether there is such a row, looked up by the resource's own key.

        The expressions keep the database from an index by name and value: SQLite may turn EXISTS into a join and
        start it here, at the many.
        """
        row, (name, value) = self.table.c, self.pair
        here = sa.and_(row.kind == other.c.kind, row.id == other.c.id)
        said = sa.and_(row.name.concat("") == name, row.value.concat("") == value)
        return sa.exists().select_from(self.table).where(here, said)


def _rarest_first(connection: Connection, query: ListQuery) -> tuple[list[_Entry], int]:
    """The wanted labels and fields, and about how many resources have the first; it narrows most.

    Left to itself the database may start from another: SQLite knows averages of an index, not single values.
    """
    entries = list(_entries(query))
    if len(entries) == 1 and query.counted:
        return entries, 0
    counted = [(_about(connection, query, entry), index) for index, entry in enumerate(entries)]
    return [entries[index] for _, index in sorted(counted)], min(counted, default=(0, 0))[0]


def _about(connection: Connection, query: ListQuery, entry: _Entry) -> int:
    """How many rows of an entry there are; beyond a limit the exact number does not matter."""
    rows = sa.select(sa.literal(1)).select_from(entry.table).where(entry.wanted, *_of_kinds(query, entry.table))
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows.limit(_FEW + 1).subquery())).scalar_one())


def _total(query: ListQuery, entries: Sequence[_Entry]) -> sa.Select[Any]:
    """The number of all matches, from the side tables alone where that suffices."""
    if not entries or query.org or query.text or query.requirements:
        return _narrowed(query, entries, joined=bool(entries), columns=(sa.func.count(),))
    first, *others = entries
    also = [entry.exists(first.table) for entry in others]
    counted = sa.select(sa.func.count()).select_from(first.table)
    return counted.where(first.wanted, *_of_kinds(query, first.table), *also)


def _page(statement: sa.Select[Any], query: ListQuery, start: paging.Position | None) -> sa.Select[Any]:
    order = (resources.c.created_at, resources.c.id, resources.c.kind)
    statement = statement.limit(query.limit + 1)  # one more tells whether a page follows
    statement = statement.order_by(*(column.desc() if query.newest_first else column for column in order))
    if start is not None:
        place, here = sa.tuple_(*order), (start.created_at, start.id, start.kind)
        statement = statement.where(place < here if query.newest_first else place > here)
    return statement


def _narrowed(
    query: ListQuery, entries: Sequence[_Entry], *, joined: bool, columns: Sequence[Any] = tables.RECORD_COLUMNS
) -> sa.Select[Any]:
    """Narrow to the matches: starting from the first entry, or else by walking the resources in order."""
    join = [entries[0].of(resources)] if joined else []
    exist = [entry.exists(resources) for entry in entries[len(join) :]]
    return sa.select(*columns).select_from(resources).where(*_conditions(query), *join, *exist)


def _entries(query: ListQuery) -> Iterator[_Entry]:
    for table, entries in ((tables.resource_labels, query.labels), (tables.resource_fields, query.fields)):
        for pair in entries.items():
            yield _Entry(table.alias(), pair)


def _of_kinds(query: ListQuery, table: sa.FromClause) -> Iterator[sa.ColumnElement[bool]]:
    if len(query.kinds) == 1:
        yield table.c.kind == query.kinds[0]
    elif query.kinds:
        yield table.c.kind.in_(query.kinds)


def _required(requirement: Requirement) -> sa.ColumnElement[bool]:
    """The condition that a requirement puts on a resource."""
    table = tables.resource_labels if requirement.side == "labels" else tables.resource_fields
    entry = table.alias()
    found = sa.and_(entry.c.kind == resources.c.kind, entry.c.id == resources.c.id, entry.c.name == requirement.name)
    if requirement.operator in {Operator.IN, Operator.NOT_IN}:
        found = sa.and_(found, entry.c.value.in_(requirement.values))
    exists = sa.exists().select_from(entry).where(found)
    return exists if requirement.operator in {Operator.IN, Operator.EXISTS} else sa.not_(exists)


def _conditions(query: ListQuery) -> Iterator[sa.ColumnElement[bool]]:
    yield from map(_required, query.requirements)
    yield from _of_kinds(query, resources)
    if query.org:
        yield resources.c.org == query.org
    if query.text:
        yield resources.c.search.contains(query.text.casefold(), autoescape=True)


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
