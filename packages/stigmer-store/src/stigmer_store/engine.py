"""SQLAlchemy engines: one that writes, one that only reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from stigmer_store import driver
from stigmer_store.errors import StoreError

READERS = 4
"""Connections that read at the same time. More do not help: one process has one interpreter lock."""

SPARE_READERS = 2
"""More than the threads that read: catching up with other processes, and a backup, must not wait for slow lists."""

BUSY_TIMEOUT_MS = 30_000
"""How long SQLite waits for another process that writes or checkpoints the same file."""

PREPARED_STATEMENTS = 512
"""How many a SQLite connection keeps. Statements for several rows have a text for each number of rows."""

CONNECT_TIMEOUT_SECONDS = 10
"""How long Postgres may take to answer a new connection, unless the URL says otherwise."""

_KEEPALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""A connection that mostly listens learns within half a minute that the other side is gone. Seconds; last: ms."""

WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024
"""What a burst of writes may leave of the log file after the next checkpoint."""

_WRITER_PRAGMAS = (
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "synchronous = FULL",  # a commit is on the disk when it returns; group commit pays for it
    f"journal_size_limit = {WAL_SIZE_LIMIT_BYTES}",
    "secure_delete = ON",  # what is deleted is overwritten, and does not stay readable in the file until it is reused
)
_READER_PRAGMAS = (f"busy_timeout = {BUSY_TIMEOUT_MS}", "query_only = ON")


class Engines:
    """The writing and the reading engine of one database."""

    def __init__(self, url: str) -> None:
        self.url = parse(url)
        if self.url.get_backend_name() == "sqlite":
            Path(self.url.database or "").absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.writer = _sqlite(self.url, _WRITER_PRAGMAS, begin="BEGIN IMMEDIATE", size=1)
            self.readers = _sqlite(self.url, _READER_PRAGMAS, begin="BEGIN", size=READERS + SPARE_READERS)
        else:
            self.writer = _postgres(self.url, {"isolation_level": "READ COMMITTED"}, size=1)
            snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            self.readers = _postgres(self.url, snapshot, size=READERS + SPARE_READERS)

    @property
    def shared(self) -> bool:
        """Whether other processes may commit to this database and say so."""
        return self.writer.dialect.name == "postgresql"

    def connect_listener(self) -> Any:
        """A new psycopg connection of its own, in autocommit mode."""
        arguments, options = self.writer.dialect.create_connect_args(self.url)
        defaults = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **_KEEPALIVE}
        connect: Any = self.writer.dialect.loaded_dbapi.connect
        return connect(*arguments, **{**defaults, **options, "autocommit": True})

    def dispose(self) -> None:
        """Close every connection."""
        self.readers.dispose()
        self.writer.dispose()


def parse(url: str) -> URL:
    """Read a database URL; raises StoreError that says which ones there are."""
    known = "sqlite:///FILE, postgresql+psycopg://USER:PASSWORD@HOST/DATABASE or memory://"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"database_url is no URL; use {known}") from error
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise StoreError(f"database_url: {parsed.drivername} is not supported; use {known}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("database_url names no file; use sqlite:///FILE, or memory:// to keep nothing")
    return parsed


def _sqlite(url: URL, pragmas: tuple[str, ...], *, begin: str, size: int) -> Engine:
    arguments = {"cached_statements": PREPARED_STATEMENTS}
    wait = BUSY_TIMEOUT_MS / 1000
    engine = sa.create_engine(url, pool_size=size, max_overflow=0, pool_timeout=wait, connect_args=arguments)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver would begin transactions late and by itself; they begin below instead, so that a read
        # followed by a write cannot meet a snapshot that is already stale.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        driver.execute(connection, begin)

    return engine


def _postgres(url: URL, options: dict[str, Any], *, size: int) -> Engine:
    timeout = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_TIMEOUT_SECONDS}
    try:
        return sa.create_engine(
            url,
            pool_size=size,
            max_overflow=0,
            pool_pre_ping=True,  # a connection lost while idle is replaced before anybody notices
            connect_args=timeout,
            execution_options=options,
        )
    except ModuleNotFoundError as error:
        raise StoreError("Postgres needs a driver: pip install 'stigmer-store[postgres]'") from error
