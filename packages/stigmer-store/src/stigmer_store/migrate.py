"""Bring the tables of a database to the version this package needs, once, whoever else opens it."""

from __future__ import annotations

import sqlite3
import threading
import time

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from stigmer_store.engine import BUSY_TIMEOUT_MS
from stigmer_store.errors import StoreError, StoreTooNew

_ADVISORY_LOCK = 0x5719_3E47
"""The key of the Postgres advisory lock that one migrating process holds."""

_WAL_RETRY_SECONDS = 0.02

_one_at_a_time = threading.Lock()  # Alembic keeps the running migration in module globals


def migrate(engine: Engine) -> None:
    """Run the pending migrations in one transaction; nothing happens when there are none.

    Raises StoreTooNew when a later version of this package has been here.
    """
    with _one_at_a_time:
        if engine.dialect.name == "sqlite":
            _switch_to_wal(engine)
        with engine.begin() as connection:  # on SQLite BEGIN IMMEDIATE: this is the lock between processes
            if engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "stigmer_store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return
    if current not in {None, *(version.revision for version in script.walk_revisions())}:
        raise StoreTooNew(f"the database has version {current}, later than this package knows; upgrade it")
    command.upgrade(config, "head")


def _switch_to_wal(engine: Engine) -> None:
    """Turn write-ahead logging on: a lasting property of the file, set by whoever opens it first.

    SQLite refuses the switch at once, without its busy timeout, while somebody else has the file open for
    the same purpose.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while (mode := _ask_for_wal(engine)) == "busy":
        if time.monotonic() > deadline:
            raise StoreError("another process keeps the database locked")
        time.sleep(_WAL_RETRY_SECONDS)
    if mode != "wal":
        raise StoreError(f"this file system allows no write-ahead log (journal mode {mode}); use a local disk")


def _ask_for_wal(engine: Engine) -> str:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        ((mode,),) = cursor.fetchall()
        return str(mode)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return "busy"
        raise
    finally:
        raw.close()
