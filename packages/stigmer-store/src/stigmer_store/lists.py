"""Lists: which resources, in which order, how many, and how a database finds a page of them without sorting all.

Every index of resources, labels and fields ends in the order of lists. So the matches of one kind are walked in order,
starting from the wanted label or field that the fewest have, until a page is full. Several kinds are walked side by
side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from stigmer_store import paging, tables
from stigmer_store.limits import can_match, check_query
from stigmer_store.records import NOT_COUNTED, ListQuery, Operator, Page, Requirement, ResourceRecord
from stigmer_store.tables import resources
from stigmer_store.totals import Totals, total_now

_ENOUGH = 2000
"""Rows of a label or field that are counted to find the rarest: beyond, any of them is walked until a page is full."""

_SIDE_BY_SIDE = 20
"""Most kinds that are walked each by itself; more are sorted together."""


def list_page(connection: Connection, query: ListQuery, at_revision: int, totals: Totals | None = None) -> Page:
    """One page, told to be of `at_revision`; `totals` only where nothing that is seen is uncommitted.

    Raises BadPageToken, InvalidValue.
    """
    check_query(query)
    start = paging.decode_token(query)
    if not can_match(query):
        return Page((), "", 0 if query.counted else NOT_COUNTED, at_revision)
    entries = _rarest_first(connection, query)
    total = _total(connection, query, entries, at_revision, totals) if query.counted else NOT_COUNTED
    rows = connection.execute(_records(query, entries, start)).all()
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

    def exists(self, other: sa.FromClause) -> sa.ColumnElement[bool]:
        """Whether there is such a row, looked up by the resource's own key.

        The expressions keep the database from an index by name and value: SQLite may turn EXISTS into a join and
        start it here, at the many.
        """
        row, (name, value) = self.table.c, self.pair
        here = sa.and_(row.kind == other.c.kind, row.id == other.c.id)
        said = sa.and_(row.name.concat("") == name, row.value.concat("") == value)
        return sa.exists().select_from(self.table).where(here, said)


def _entries(query: ListQuery) -> Iterator[_Entry]:
    for table, entries in ((tables.resource_labels, query.labels), (tables.resource_fields, query.fields)):
        for pair in entries.items():
            yield _Entry(table.alias(), pair)


def _rarest_first(connection: Connection, query: ListQuery) -> list[_Entry]:
    """The wanted labels and fields, the one that narrows most first: from there the matches are walked.

    Left to itself the database may start from another: SQLite knows averages of an index, not single values.
    """
    entries = list(_entries(query))
    if len(entries) == 1:
        return entries
    counted = [(_about(connection, query, entry), index) for index, entry in enumerate(entries)]
    return [entries[index] for _, index in sorted(counted)]


def _about(connection: Connection, query: ListQuery, entry: _Entry) -> int:
    """How many rows of an entry there are; beyond a limit the exact number does not matter."""
    rows = sa.select(sa.literal(1)).select_from(entry.table).where(entry.wanted, *_of_kinds(query.kinds, entry.table))
    counted = rows.limit(_ENOUGH + 1).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(counted)).scalar_one())


def _total(
    connection: Connection, query: ListQuery, entries: Sequence[_Entry], at_revision: int, totals: Totals | None
) -> int:
    def count(query: ListQuery) -> int:
        source, conditions = _matches(query, entries)
        counted = sa.select(sa.func.count()).select_from(source)
        return int(connection.execute(counted.where(*_of_kinds(query.kinds, source), *conditions)).scalar_one())

    return total_now(connection, query, count) if totals is None else totals.of(connection, query, at_revision, count)


def _records(query: ListQuery, entries: Sequence[_Entry], start: paging.Position | None) -> sa.Select[Any]:
    """The resources of a page and one more, which tells whether another follows."""
    kinds = tuple(dict.fromkeys(query.kinds))
    if not entries and len(kinds) <= 1:  # the index of resources has it all
        return _walk(query, entries, kinds, start, tables.RECORD_COLUMNS)
    if 1 < len(kinds) <= _SIDE_BY_SIDE:
        walks = [_walk(query, entries, (kind,), start).subquery() for kind in kinds]
        found = sa.union_all(*(sa.select(walk) for walk in walks)).subquery()
        order = _order(query, found)
        found = sa.select(found).order_by(*order).limit(query.limit + 1).subquery()
    else:
        found = _walk(query, entries, kinds, start).subquery()
    same = sa.and_(resources.c.kind == found.c.kind, resources.c.id == found.c.id)
    records = sa.select(*tables.RECORD_COLUMNS).select_from(sa.join(found, resources, same))
    return records.order_by(*_order(query, found))


def _walk(
    query: ListQuery,
    entries: Sequence[_Entry],
    kinds: Sequence[str],
    start: paging.Position | None,
    columns: Sequence[Any] = (),
) -> sa.Select[Any]:
    """The keys, or these columns, of the first matches of these kinds, in order."""
    source, conditions = _matches(query, entries)
    selected = columns or (source.c.created_at, source.c.id, source.c.kind)
    statement = sa.select(*selected).select_from(source).where(*_of_kinds(kinds, source), *conditions)
    if start is not None:
        place = sa.tuple_(source.c.created_at, source.c.id, source.c.kind)
        here = (start.created_at, start.id, start.kind)
        statement = statement.where(place < here if query.newest_first else place > here)
    return statement.order_by(*_order(query, source)).limit(query.limit + 1)


def _matches(query: ListQuery, entries: Sequence[_Entry]) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
    """Where the matches are walked, and what they have to meet beside their kind."""
    if not entries:
        return resources, [*_required(query, resources), *_of_resource(query, resources)]
    first, *others = entries
    conditions = [first.wanted, *(entry.exists(first.table) for entry in others), *_required(query, first.table)]
    owner = resources.alias()
    if asked := list(_of_resource(query, owner)):
        own = sa.and_(owner.c.kind == first.table.c.kind, owner.c.id == first.table.c.id)
        conditions.append(sa.exists().select_from(owner).where(own, *asked))
    return first.table, conditions


def _order(query: ListQuery, source: sa.FromClause) -> Iterator[sa.ColumnElement[Any]]:
    for column in (source.c.created_at, source.c.id, source.c.kind):
        yield column.desc() if query.newest_first else column


def _of_kinds(kinds: Sequence[str], table: sa.FromClause) -> Iterator[sa.ColumnElement[bool]]:
    if len(kinds) == 1:
        yield table.c.kind == kinds[0]
    elif kinds:
        yield table.c.kind.in_(kinds)


def _of_resource(query: ListQuery, table: sa.FromClause) -> Iterator[sa.ColumnElement[bool]]:
    """The conditions that only the resource itself can tell."""
    if query.org:
        yield table.c.org == query.org
    if query.text:
        yield table.c.search.contains(query.text.casefold(), autoescape=True)


def _required(query: ListQuery, table: sa.FromClause) -> Iterator[sa.ColumnElement[bool]]:
    """The conditions that requirements put on the resource that a row of this table is about."""
    for requirement in query.requirements:
        exists = _side(requirement, table)
        yield exists if requirement.operator in {Operator.IN, Operator.EXISTS} else sa.not_(exists)


def _side(requirement: Requirement, table: sa.FromClause) -> sa.ColumnElement[bool]:
    entry = (tables.resource_labels if requirement.side == "labels" else tables.resource_fields).alias()
    found = sa.and_(entry.c.kind == table.c.kind, entry.c.id == table.c.id, entry.c.name == requirement.name)
    if requirement.operator in {Operator.IN, Operator.NOT_IN}:
        found = sa.and_(found, entry.c.value.in_(requirement.values))
    return sa.exists().select_from(entry).where(found)
