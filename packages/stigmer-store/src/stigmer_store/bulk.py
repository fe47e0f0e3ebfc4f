"""Statements for many rows, handed to the driver as they are.

SQLAlchemy compiles them, once. Its work for each row costs several times what the row itself does, and a group of
reports has a hundred rows: so rows come here in the driver's own types, and nobody looks at them again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

MOST_ROWS = 64
"""In one statement: bounds how many texts there are of it, and its values (SQLite takes 32,766)."""

Row = dict[str, Any]
"""Values by the name of their parameter: numbers, texts, bytes and None."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as one driver takes it. `ordered` makes the parameters of a row, None: the row itself.

    `head`, `values` and `tail` are the text of an INSERT of several rows at once, where that is worth it.
    """

    text: str
    ordered: Callable[[Row], tuple[Any, ...]] | None
    head: str = ""
    values: str = ""
    tail: str = ""


class Bulk:
    """One INSERT, UPDATE or DELETE without values of its own.

    names: the parameters of an INSERT, if they are not all columns; tail: what an INSERT says about conflicts, in SQL.
    """

    def __init__(self, statement: UpdateBase, names: Sequence[str] | None = None, tail: str = "") -> None:
        self._statement = statement
        self._names = None if names is None else list(names)
        self._tail = tail
        self._ready: dict[str, _Ready] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Execute it for each row; for none it does nothing."""
        if not rows:
            return
        ready = self._ready.get(connection.dialect.name) or self._prepare(connection.dialect)
        if ready.ordered is None:
            connection.exec_driver_sql(ready.text, list(rows))
        elif ready.head:
            _insert_several(connection, ready, list(map(ready.ordered, rows)))
        else:
            connection.exec_driver_sql(ready.text, list(map(ready.ordered, rows)))

    def _prepare(self, dialect: Dialect) -> _Ready:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._names)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - all of them are data statements
        text, places = str(compiled) + self._tail, compiled.positiontup
        if places is None:
            found = _Ready(text, None)
        elif self._statement.is_insert and dialect.name == "sqlite":
            head, _, values = str(compiled).partition(" VALUES ")
            found = _Ready(text, _getter(places), f"{head} VALUES ", values, self._tail)
        else:
            found = _Ready(text, _getter(places))
        self._ready[dialect.name] = found
        return found


def _insert_several(connection: Connection, ready: _Ready, rows: list[tuple[Any, ...]]) -> None:
    """One statement for all.

    SQLite's driver lets go of the interpreter lock for every row that it is given alone, and may not get it back soon.
    """
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS]
        text = f"{ready.head}{', '.join([ready.values] * len(some))}{ready.tail}"
        connection.exec_driver_sql(text, tuple(chain.from_iterable(some)))


def _getter(places: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: (row[places[0]],)
