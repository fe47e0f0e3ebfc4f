"""The checkpoint saver that tells when a tool result is safe: what a user saw completed is never run again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from stigmer_agent_runner.failpoints import failpoint

T = TypeVar("T")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """The checkpoint file of a session. What a run that was cut off had not committed is given up before it is closed.

    SQLite keeps a closed connection, and its locks, for as long as anything still refers to one of its statements.
    """
    database = await aiosqlite.connect(path)
    try:
        yield database
    finally:
        await asyncio.gather(database.rollback(), database.close())


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Await a transaction. A cancellation waits for its end: half of one would keep the file locked for all others."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class TellingSaver(AsyncSqliteSaver):
    """Leaves no write half done, and calls `on_saved` with every tool result once it is committed."""

    def __init__(self, database: aiosqlite.Connection, on_saved: Callable[[ToolMessage], None]) -> None:
        super().__init__(database)
        self._on_saved = on_saved

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint."""
        return await _to_its_end(super().aput(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save a task's writes, then tell."""
        failpoint("before-checkpoint")
        await _to_its_end(super().aput_writes(config, writes, task_id, task_path))
        failpoint("after-checkpoint")
        for channel, value in writes:
            if channel == "messages":
                for message in value if isinstance(value, list | tuple) else (value,):
                    if isinstance(message, ToolMessage):
                        self._on_saved(message)
