"""How far back the change log reaches: what of it may go, and how it goes.

Entries hold whole bodies, because a watcher that is fed from the log must see every state. So the log is bounded three
ways: it keeps at least so many changes and all of so long, but never more than so many bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from stigmer_store import tables
from stigmer_store.errors import InvalidValue
from stigmer_store.limits import check_time
from stigmer_store.records import Change

ENTRY_BYTES = 256
"""What an entry counts beside its body: about the rest of its row. Fixed, the stored totals contain it."""

STEP = 2000
"""Changes forgotten in one transaction: bounds how long writers wait for it."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Keep the newest `count` changes and those logged after `since`, but at most `max_bytes` (None: any number)."""

    count: int
    since: datetime
    max_bytes: int | None = None


def retention_of(count: int, age: timedelta, max_bytes: int | None, now: datetime | None) -> Retention:
    """Read what `Repository.compact` was given. Raises InvalidValue."""
    if now is not None:
        check_time("now", now)
    if age < timedelta(0):
        raise InvalidValue("keep_age", "must not be negative")
    return Retention(count, (now or datetime.now(UTC)) - age, max_bytes)


def size_of(change: Change) -> int:
    """The bytes that a change counts in the log."""
    return len(change.record.body) + ENTRY_BYTES


_COUNTER = sa.select(tables.revision_counter)
_CHANGES = tables.changes
_NEWEST = (
    sa.select(_CHANGES.c.revision)
    .order_by(_CHANGES.c.revision.desc(), _CHANGES.c.ordinal.desc())
    .offset(bindparam("skip"))
    .limit(1)
)
_OLDEST = (
    sa.select(_CHANGES.c.revision)
    .where(_CHANGES.c.revision <= bindparam("up_to"))
    .order_by(_CHANGES.c.revision, _CHANGES.c.ordinal)
    .offset(bindparam("skip"))
    .limit(1)
)
_FORGET = sa.delete(_CHANGES).where(_CHANGES.c.revision <= bindparam("up_to"))
_MARK = sa.update(tables.revision_counter).values(compacted=bindparam("up_to"))


def last_to_forget(connection: Connection, keep: Retention) -> int:
    """The revision up to which the log may go; that of the last compaction when nothing may."""
    counter = connection.execute(_COUNTER).one()
    forgotten: int = counter.compacted
    kept: int | None = counter.revision + 1
    if keep.count > 0:
        kept = connection.execute(_NEWEST, {"skip": keep.count - 1}).scalar()
    by_count = forgotten if kept is None else kept - 1
    by_age = _last_up_to(connection, _CHANGES.c.logged_at, keep.since, (forgotten, counter.revision))
    last = min(by_count, by_age)
    if keep.max_bytes is not None:
        room = counter.log_bytes - keep.max_bytes
        last = max(last, _last_up_to(connection, _CHANGES.c.log_bytes, room, (forgotten, counter.revision)))
    return max(last, forgotten)


def _last_up_to(connection: Connection, column: sa.Column[Any], bound: object, within: tuple[int, int]) -> int:
    """The last revision whose entries have at most `bound` in a column that grows along the log, by bisection."""
    low, high = within
    probe = (
        sa.select(_CHANGES.c.revision, column)
        .where(_CHANGES.c.revision > bindparam("low"), _CHANGES.c.revision <= bindparam("middle"))
        .order_by(_CHANGES.c.revision.desc(), _CHANGES.c.ordinal.desc())
        .limit(1)
    )
    while low < high:
        middle = (low + high + 1) // 2
        row = connection.execute(probe, {"low": low, "middle": middle}).one_or_none()
        if row is None or row[1] <= bound:
            low = middle
        else:
            high = row[0] - 1
    return low


def forget(connection: Connection, up_to: int) -> int:
    """Forget the oldest entries up to a revision, about STEP of them; returns how far the log is now forgotten.

    The caller holds the revision lock. What is forgotten and the mark of it change in the same transaction, so no
    reader sees one without the other.
    """
    forgotten: int = connection.execute(_COUNTER).one().compacted
    if up_to <= forgotten:
        return forgotten
    step = connection.execute(_OLDEST, {"up_to": up_to, "skip": STEP - 1}).scalar()
    reached = up_to if step is None else step
    connection.execute(_FORGET, {"up_to": reached})
    connection.execute(_MARK, {"up_to": reached})
    return reached


def last_to_forget_in(log: Sequence[tuple[Change, datetime]], keep: Retention, forgotten: int) -> int:
    """The same for a log in memory: its changes with the times they were logged at, oldest first."""
    needed: list[int] = []
    too_much, total = forgotten, 0
    for position, (change, logged_at) in enumerate(reversed(log)):
        if position < keep.count or logged_at > keep.since:
            needed.append(change.revision)
        if keep.max_bytes is not None and total >= keep.max_bytes:
            too_much = max(too_much, change.revision)
        total += size_of(change)
    last = needed[-1] - 1 if needed else max((change.revision for change, _ in log[-1:]), default=forgotten)
    return max(last, too_much, forgotten)
