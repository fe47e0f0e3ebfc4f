"""How many resources a list has, without counting them all again and again.

What a list of kinds and an organisation has is kept up to date by those who write. What filters leave is counted, in
an index, and remembered: the pages of one list are counted once, and after a few writes the change log tells how the
total has changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from stigmer_store import queries
from stigmer_store.errors import RevisionCompacted
from stigmer_store.records import Change, ListQuery, Operation
from stigmer_store.tables import resource_counts

_REMEMBERED = 256
"""Lists whose totals are remembered: those that somebody pages through at the moment."""

_FOLLOWED = 100
"""Changes that a remembered total is carried on over; after more of them it is counted anew."""

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
        carried = None if known is None or known[0] > revision else _carried_on(connection, query, *known)
        total = counted_total(connection, query, count) if carried is None else carried
        with self._lock:
            self._known[key] = (revision, total)
            self._known.move_to_end(key)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return total


def _carried_on(connection: Connection, query: ListQuery, revision: int, total: int) -> int | None:
    """What became of the total of a revision; None when the change log does not tell it, or not soon."""
    if query.text:
        return None  # the log has no former names
    try:
        changes = queries.changes(connection, revision, _FOLLOWED + 1)
    except RevisionCompacted:
        return None
    if len(changes) > _FOLLOWED or (query.org and any(map(_may_have_moved, changes))):
        return None
    return total + sum(_is_in(query, change) - _was_in(query, change) for change in changes)


def _may_have_moved(change: Change) -> bool:
    """Whether an update came perhaps from another organisation, which the log does not name."""
    return change.previous_labels is not None and change.previous_fields is not None


def _is_in(query: ListQuery, change: Change) -> bool:
    return change.operation is not Operation.DELETED and query.matches(change.record)


def _was_in(query: ListQuery, change: Change) -> bool:
    return change.operation is not Operation.CREATED and query.matches(change.former)


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
