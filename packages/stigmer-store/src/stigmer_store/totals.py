"""How many resources a list has, without counting them all again and again.

What a list of kinds and an organisation has is kept up to date by those who write. What filters leave is counted, in
an index, and remembered for as long as nobody writes: the pages of one list are counted once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from stigmer_store.records import ListQuery
from stigmer_store.tables import resource_counts

_REMEMBERED = 256
"""Lists whose totals are remembered: those that somebody pages through at the moment."""

Count = Callable[[ListQuery], int]
"""Counts the matches of a query, one by one."""


class Totals:
    """Totals of one store. Readers in several threads share it."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()  # (revision, total) by query
        self._lock = threading.Lock()

    def of(self, connection: Connection, query: ListQuery, revision: int, count: Count) -> int:
        """The total at this revision, which is the one that the connection sees, and committed."""
        if _is_plain(query):
            return kept_total(connection, query)
        key = _key(query)
        with self._lock:
            known = self._known.get(key)
        if known is not None and known[0] == revision:
            return known[1]
        total = counted_total(connection, query, count)
        with self._lock:
            self._known[key] = (revision, total)
            self._known.move_to_end(key)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return total


def total_now(connection: Connection, query: ListQuery, count: Count) -> int:
    """The total as a transaction sees it, with what it has written."""
    return kept_total(connection, query) if _is_plain(query) else counted_total(connection, query, count)


def kept_total(connection: Connection, query: ListQuery) -> int:
    """The total of a query for kinds and an organisation alone."""
    kept = sa.select(sa.func.coalesce(sa.func.sum(resource_counts.c.total), 0)).where(*_of_kinds(query))
    if query.org:
        kept = kept.where(resource_counts.c.org == query.org)
    return int(connection.execute(kept).scalar_one())


def counted_total(connection: Connection, query: ListQuery, count: Count) -> int:
    """The total of any query.

    An organisation that has all there is makes no difference; without it the index of a label or field knows all.
    """
    if query.org:
        others = sa.select(sa.literal(1)).where(
            *_of_kinds(query), resource_counts.c.org != query.org, resource_counts.c.total > 0
        )
        if connection.execute(others.limit(1)).first() is None:
            query = replace(query, org="")
    return count(query)


def _is_plain(query: ListQuery) -> bool:
    return not (query.labels or query.fields or query.requirements or query.text)


def _of_kinds(query: ListQuery) -> list[sa.ColumnElement[bool]]:
    return [resource_counts.c.kind.in_(query.kinds)] if query.kinds else []


def _key(query: ListQuery) -> tuple[Any, ...]:
    """The same for every page of a list, whatever its order."""
    entries = (frozenset(query.labels.items()), frozenset(query.fields.items()))
    return (frozenset(query.kinds), query.org, *entries, query.requirements, query.text)
