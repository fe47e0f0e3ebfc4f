"""Statements on their way to the database.

SQLite's go to its driver directly: SQLAlchemy's work around a statement takes several times as long as the statement
itself, and a group of works has five. Postgres is further away, so there it makes no difference. Errors are
SQLAlchemy's either way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError

Heard = Callable[[BaseException], None]

_listening: WeakKeyDictionary[Engine, Heard] = WeakKeyDictionary()


def hear_errors(engine: Engine, heard: Heard) -> None:
    """Call `heard` with every error of the engine's database, also with those that somebody catches."""

    def hear(context: ExceptionContext) -> None:
        heard(context.sqlalchemy_exception or context.original_exception)

    event.listen(engine, "handle_error", hear)
    _listening[engine] = heard


def execute(connection: Connection, text: str, values: Sequence[Any] = ()) -> Any:
    """Run one statement in the driver's own text and types; returns a cursor. The transaction has begun already."""
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql(text, tuple(values))
    try:
        return _sqlite(connection).execute(text, values)
    except Exception as error:
        raise _told(connection, text, values, error) from error


def execute_many(connection: Connection, text: str, rows: Sequence[Any]) -> None:
    """Run one statement for each row."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(text, list(rows))
        return
    try:
        _sqlite(connection).executemany(text, rows)
    except Exception as error:
        raise _told(connection, text, rows, error) from error


def _sqlite(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _told(connection: Connection, text: str, values: Any, error: Exception) -> Exception:
    """What SQLAlchemy would raise; whoever listens has heard of it."""
    loaded: Any = connection.dialect.loaded_dbapi
    told = DBAPIError.instance(text, values, error, loaded.Error, dialect=connection.dialect)
    if heard := _listening.get(connection.engine):
        heard(told)
    assert isinstance(told, Exception)  # noqa: S101 - `error` is one
    return told
