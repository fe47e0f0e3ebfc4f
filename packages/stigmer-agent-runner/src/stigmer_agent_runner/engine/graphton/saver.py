"""The checkpoint saver that tells when a tool result is safe: what a user saw completed is never run again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from stigmer_agent_runner.checkpoints.local import LocalCheckpoints
from stigmer_agent_runner.engine.graphton.telling import OnSaved, Telling

if TYPE_CHECKING:
    from stigmer_agent_runner.checkpoints.protocol import Checkpoints


@asynccontextmanager
async def opened(checkpoints: Checkpoints, on_saved: OnSaved) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """The saver of a session's graph, wherever the session remembers."""
    if isinstance(checkpoints, LocalCheckpoints):
        async with _file(checkpoints.path) as database:
            yield TellingSaver(database, on_saved)
        return
    from stigmer_agent_runner.engine.graphton.postgres_saver import saver_over  # noqa: PLC0415 - an extra

    yield saver_over(checkpoints, on_saved)


@asynccontextmanager
async def _file(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """The checkpoint file of a session. What a run that was cut off had not committed is given up before it is closed.

    SQLite keeps a closed connection, and its locks, for as long as anything still refers to one of its statements.

    A commit is safe from the death of every process. Only closing, before the end is reported, makes all of it safe
    from a loss of power too: a step has six commits, and waiting for the disk in each would cost more than the step.
    What must not be repeated even then is in the ledger, which waits.
    """
    database = await aiosqlite.connect(path)
    try:
        await database.execute("PRAGMA synchronous = NORMAL")
        yield database
    finally:
        await asyncio.gather(database.rollback(), database.close())


class TellingSaver(Telling, AsyncSqliteSaver):
    """Over the file of a session."""

    def __init__(self, database: aiosqlite.Connection, on_saved: OnSaved) -> None:
        super().__init__(database)
        self.on_saved = on_saved
