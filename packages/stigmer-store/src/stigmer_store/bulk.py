"""Statements for many rows, handed to the driver as they are.

SQLAlchemy compiles them, once. Its work for each row costs several times what the row itself does, and a group of
reports has a hundred rows: so rows come here in the driver's own types, and nobody looks at them again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from stigmer_store import driver

MOST_ROWS = 64
"""In one statement: bounds how many texts there are of it, and its values (SQLite takes 32,766)."""

Row = tuple[Any, ...]
"""The values of a statement: numbers, texts, bytes and None."""

Run = Callable[[Connection, Sequence[Row]], None]


class Bulk:
    """One INSERT, UPDATE or DELETE without values of its own.

    names: the parameters, in the order in which rows have their values; tail: what an INSERT says about conflicts, in
    SQL.
    """

    def __init__(self, statement: UpdateBase, names: Sequence[str], tail: str = "") -> None:
        self._statement = statement
        self._names = tuple(names)
        self._tail = tail
        self._ready: dict[str, Run] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Execute it for each row; for none it does nothing."""
        if rows:
            name = connection.dialect.name
            (self._ready.get(name) or self._prepare(connection.dialect))(connection, rows)

    def _prepare(self, dialect: Dialect) -> Run:
        """The way for this driver: it takes rows by position, in an order of its own, or by name."""
        insert = self._statement.is_insert
        compiled = self._statement.compile(dialect=dialect, column_keys=list(self._names) if insert else None)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - all of them are data statements
        text, places = str(compiled), compiled.positiontup
        run: Run
        if places is None:
            run = partial(_run_by_name, text + self._tail, self._names)
        elif insert and dialect.name == "sqlite":
            run = _Several(text, self._tail, _reordered(self._names, places)).run
        else:
            run = partial(_run_by_place, text + self._tail, _reordered(self._names, places))
        self._ready[dialect.name] = run
        return run


class _Several:
    """An INSERT of SQLite, as one statement for all rows.

    SQLite's driver lets go of the interpreter lock for every row that it is given alone, and may not get it back soon.
    """

    def __init__(self, text: str, tail: str, ordered: Callable[[Row], Row] | None) -> None:
        self._head, _, self._values = text.partition(" VALUES ")
        self._tail = tail
        self._ordered = ordered
        self._texts: dict[int, str] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert all rows."""
        if self._ordered is not None:
            rows = [*map(self._ordered, rows)]
        for start in range(0, len(rows), MOST_ROWS):
            some = rows[start : start + MOST_ROWS]
            driver.execute(connection, self._text(len(some)), tuple(chain.from_iterable(some)))

    def _text(self, rows: int) -> str:
        text = self._texts.get(rows)
        if text is None:
            values = ", ".join([self._values] * rows)
            text = self._texts[rows] = f"{self._head} VALUES {values}{self._tail}"
        return text


def _run_by_place(text: str, ordered: Callable[[Row], Row] | None, connection: Connection, rows: Sequence[Row]) -> None:
    placed = rows if ordered is None else [*map(ordered, rows)]
    if len(placed) == 1:
        driver.execute(connection, text, placed[0])
    else:
        driver.execute_many(connection, text, placed)


def _run_by_name(text: str, names: Sequence[str], connection: Connection, rows: Sequence[Row]) -> None:
    driver.execute_many(connection, text, [dict(zip(names, row, strict=True)) for row in rows])


def _reordered(names: Sequence[str], places: Sequence[str]) -> Callable[[Row], Row] | None:
    """How a row comes into the driver's order; None when it is in it."""
    if list(names) == list(places):
        return None
    if len(places) == 1:
        return lambda row: (row[names.index(places[0])],)
    return itemgetter(*map(names.index, places))
