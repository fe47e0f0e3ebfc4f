"""What a run needs of the place where its session remembers, whichever place it is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from stigmer_agent_runner.engine.protocol import Control
    from stigmer_agent_runner.sessions import SessionPaths

__all__ = ["Checkpoints", "Row", "SessionStore", "to_its_end"]

T = TypeVar("T")
Row = tuple[Any, ...]


class Checkpoints(Protocol):
    """What one session remembers. The engine `graphton` also keeps its graph there (engine/graphton/saver.py)."""

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run one SQL statement that SQLite and Postgres both understand, `?` for values, and commit it."""
        ...

    async def copy_graph(self, original: SessionPaths, source: str, target: str, at: str) -> None:
        """Make the thread `target` of the graph, which is ours, a copy of `source` as of the checkpoint `at`.

        `original` has the files of the session whose thread `source` is. Copying again changes nothing.
        """
        ...


class SessionStore(Protocol):
    """The sessions of a process. One instance serves all runs."""

    async def ready(self) -> bool:
        """Make the tables; True when they are there. CheckpointsAway: not now. SettingsError: no restart mends it."""
        ...

    def open(
        self, session_id: str, paths: SessionPaths, control: Control
    ) -> AbstractAsyncContextManager[Checkpoints | None]:
        """Hold a session for one run: two runs must never share a conversation or a workspace.

        Yields None when `control` asked to stop before the session was free. The hold ends with the process.
        """
        ...


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Await a transaction. A cancellation waits for its end: half of one would stand in the way of all others."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
