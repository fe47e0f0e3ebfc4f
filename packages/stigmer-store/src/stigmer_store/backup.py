"""A consistent copy of a SQLite database while others go on writing to it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import Engine

from stigmer_store.errors import StoreError, StoreUnavailable
from stigmer_store.failures import translate


class BackupFailed(StoreError):
    """The copy is not what it should be, or its file cannot be written; nothing was left behind."""


class BackupUnsupported(StoreError):
    """This sort of database is backed up by its own tools (Postgres: pg_dump), or not at all (memory)."""


def back_up(engine: Engine, path: Path) -> int:
    """Copy the database to `path`, one file for its owner only, and return the revision that it holds.

    One step of SQLite's backup reads one snapshot: writers neither wait for it nor show up in it. The file appears
    under its name only when it is complete, checked and on the disk. Raises BackupFailed, StoreFull, StoreUnavailable.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise BackupFailed(f"{partial} cannot be made: {error.strerror}") from error
    try:
        _copy(engine, partial)
        revision = check_backup(partial)
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
    except sqlite3.Error as error:
        raise translate(error) from error
    except OSError as error:
        raise BackupFailed(f"{path} cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    return revision


def check_backup(path: Path) -> int:
    """The revision of a database file that nobody has open; raises BackupFailed when it is damaged or not a store's."""
    with _reading(path) as connection:
        problems = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        if problems:
            raise BackupFailed(f"{path} is damaged: {problems[0]}")
        ((revision,),) = connection.execute("SELECT revision FROM revision_counter")
        return int(revision)


def fields_in_backup(path: Path, prefix: str) -> list[str]:
    """The names of fields that begin with a prefix, of all resources in a backup, in order. Raises BackupFailed."""
    statement = "SELECT DISTINCT name FROM resource_fields WHERE name >= ? AND substr(name, 1, ?) = ? ORDER BY name"
    with _reading(path) as connection:
        return [name for (name,) in connection.execute(statement, (prefix, len(prefix), prefix))]


def is_in_backup(path: Path, kind: str, id: str) -> bool:  # noqa: A002 - the field is called id
    """Whether a backup has a resource. Raises BackupFailed."""
    with _reading(path) as connection:
        found = connection.execute("SELECT 1 FROM resources WHERE kind = ? AND id = ?", (kind, id))
        return found.fetchone() is not None


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise BackupFailed(f"{path} is no database of a store: {error}") from error


def _copy(engine: Engine, partial: Path) -> None:
    pooled = engine.raw_connection()
    try:
        source = pooled.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise StoreUnavailable("the connection to the database is gone")
        with contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, not one with a log beside it
    finally:
        pooled.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
