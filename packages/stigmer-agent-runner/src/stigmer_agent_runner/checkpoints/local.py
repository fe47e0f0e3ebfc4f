"""One SQLite file for each session: what one machine needs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stigmer_agent_runner.checkpoints.protocol import Checkpoints, Row
from stigmer_agent_runner.checkpoints.tables import SQLITE_TABLES

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.protocol import Control
    from stigmer_agent_runner.sessions import SessionPaths

__all__ = ["LocalCheckpoints", "LocalSessions"]

_BUSY_SECONDS = 10.0
_GRAPH = {"checkpoints": "<=", "writes": "<"}
"""Tables of the graph. Writes belong to the checkpoint before the one that they lead to."""


class LocalCheckpoints:
    """The file of one session, opened per statement: whoever dies leaves no lock on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made = False

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """See Checkpoints."""
        return await asyncio.to_thread(self._execute, statement, values)

    def _execute(self, statement: str, values: Sequence[Any]) -> list[Row]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            with database:
                if not self._made:
                    for table in SQLITE_TABLES:
                        database.execute(table)
                rows = database.execute(statement, values).fetchall()
            self._made = True
        return rows

    async def copy_graph(self, original: SessionPaths, source: str, target: str, at: str) -> None:
        """See Checkpoints."""
        await asyncio.to_thread(self._copy_graph, original.checkpoints, (source, target, at))

    def _copy_graph(self, original: Path, which: tuple[str, str, str]) -> None:
        with contextlib.closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as database:
            database.execute("ATTACH DATABASE ? AS original", (str(original),))
            with database:
                for name, bound in _GRAPH.items():
                    _copy_rows(database, name, bound, which)


def _copy_rows(database: sqlite3.Connection, table: str, bound: str, which: tuple[str, str, str]) -> None:
    """Copy the rows of one table of the graph, which the saver of the original made; its form is taken over."""
    source, target, at = which
    found = database.execute("SELECT sql FROM original.sqlite_master WHERE name = ?", (table,)).fetchone()
    if found is None:
        return
    if database.execute("SELECT 1 FROM main.sqlite_master WHERE name = ?", (table,)).fetchone() is None:
        database.execute(found[0])
    columns = [row[1] for row in database.execute(f"PRAGMA original.table_info({table})")]
    values = ", ".join("?" if column == "thread_id" else column for column in columns)
    database.execute(
        f"INSERT OR IGNORE INTO main.{table} ({', '.join(columns)}) SELECT {values} FROM original.{table}"  # noqa: S608 - names of our own
        f" WHERE thread_id = ? AND checkpoint_ns = '' AND checkpoint_id {bound} ?",
        (target, source, at),
    )


class LocalSessions:
    """A SessionStore of files."""

    async def ready(self) -> bool:
        """See SessionStore: every file makes its tables itself."""
        return True

    @contextlib.asynccontextmanager
    async def open(self, session_id: str, paths: SessionPaths, control: Control) -> AsyncIterator[Checkpoints | None]:
        """See SessionStore."""
        await asyncio.to_thread(_private, paths.checkpoints)
        async with paths.lock(control) as held:
            yield LocalCheckpoints(paths.checkpoints) if held else None


def _private(path: Path) -> None:
    """Make the file (0600); SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
