"""Small facts about a session that outlive a run: what it is known by, and a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stigmer_agent_runner.checkpoints.protocol import Checkpoints

__all__ = ["Marks"]


class Marks:
    """The marks of one session."""

    def __init__(self, checkpoints: Checkpoints, session_id: str) -> None:
        self._checkpoints = checkpoints
        self._session_id = session_id

    async def get(self, name: str) -> str:
        """The text of a mark; empty when there is none."""
        rows = await self._checkpoints.execute(
            "SELECT value FROM session_marks WHERE session_id = ? AND name = ?", (self._session_id, name)
        )
        return str(rows[0][0]) if rows else ""

    async def put(self, name: str, value: str) -> None:
        """Set a mark; its last text counts."""
        await self._checkpoints.execute(
            "INSERT INTO session_marks VALUES (?, ?, ?)"
            " ON CONFLICT (session_id, name) DO UPDATE SET value = excluded.value",
            (self._session_id, name, value),
        )

    async def put_first(self, name: str, value: str) -> None:
        """Set a mark unless it is there: its first text counts."""
        await self._checkpoints.execute(
            "INSERT INTO session_marks VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (self._session_id, name, value)
        )
