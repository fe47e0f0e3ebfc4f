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
