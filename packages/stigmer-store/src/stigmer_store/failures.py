"""Database errors, told as store errors."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from stigmer_store.errors import StoreError, StoreFull, StoreUnavailable

_POSTGRES_DISK_FULL = "53100"
_POSTGRES_UNAVAILABLE = ("08", "40", "53", "55", "57")  # connection, rollback, resources, locks, shutdown
_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


def translate(error: SQLAlchemyError | sqlite3.Error) -> StoreError:
    """The StoreError that says the same; the caller raises it from `error`."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    text = f"the database says: {origin}"
    if isinstance(origin, sqlite3.Error):
        return _from_sqlite(origin, text)
    if isinstance(error, PoolTimeout):
        return StoreUnavailable("no connection to the database became free in time")
    state = getattr(origin, "sqlstate", None)
    if state == _POSTGRES_DISK_FULL:
        return StoreFull(text)
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    never_connected = state is None and type(origin).__name__ == "OperationalError"
    if lost or never_connected or (state is not None and state.startswith(_POSTGRES_UNAVAILABLE)):
        return StoreUnavailable(text)
    return StoreError(text)


def _from_sqlite(origin: sqlite3.Error, text: str) -> StoreError:
    code = getattr(origin, "sqlite_errorcode", 0) & 0xFF  # the rest only tells variants apart
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(text)
    if code in _SQLITE_UNAVAILABLE:
        return StoreUnavailable(text)
    return StoreError(text)
