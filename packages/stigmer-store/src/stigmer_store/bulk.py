"""Statements for many rows, handed to the driver as they are.

SQLAlchemy compiles them, once. Its work for each row costs several times what the row itself does, and a group of
reports has a hundred rows: so rows come here in the driver's own types, and nobody looks at them again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

Row = dict[str, Any]
"""Values by the name of their parameter: numbers, texts, bytes and None."""


class Bulk:
    """One INSERT, UPDATE or DELETE without values of its own. `names`: of the parameters of an INSERT, if not all."""

    def __init__(self, statement: UpdateBase, names: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._names = None if names is None else list(names)
        self._ready: dict[str, tuple[str, Callable[[Row], Any] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Execute it for each row; for none it does nothing."""
        if not rows:
            return
        dialect = connection.dialect
        text, in_order = self._ready.get(dialect.name) or self._prepare(dialect)
        connection.exec_driver_sql(text, list(map(in_order, rows)) if in_order else list(rows))

    def _prepare(self, dialect: Dialect) -> tuple[str, Callable[[Row], Any] | None]:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._names)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - all of them are data statements
        places = compiled.positiontup
        found = (str(compiled), None if places is None else _getter(places))
        self._ready[dialect.name] = found
        return found


def _getter(places: Sequence[str]) -> Callable[[Row], Any]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: (row[places[0]],)
