"""The ledger of tool calls beside the checkpoints: what was started and what was done, each committed when it happens.

A checkpoint knows only what it saved. Between a tool's effect and its checkpoint a runner may die; the ledger tells
whether a call was started then, and keeps the result of a call that ended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stigmer_agent_runner.checkpoints.protocol import Checkpoints


class CallState(Enum):
    """How far a call got."""

    STARTED = "started"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. attempts: how often it was started. text and failed: its result, once it is done."""

    state: CallState
    attempts: int
    text: str = ""
    failed: bool = False


class Ledger:
    """The calls of one execution."""

    def __init__(self, checkpoints: Checkpoints, execution_id: str) -> None:
        self._checkpoints = checkpoints
        self._execution_id = execution_id

    async def find(self, call_id: str) -> Entry | None:
        """Return what is known of a call; None when it was never started."""
        rows = await self._checkpoints.execute(
            "SELECT state, attempts, result FROM tool_ledger WHERE execution_id = ? AND call_id = ?",
            (self._execution_id, call_id),
        )
        if not rows:
            return None
        row = rows[0]
        result: Mapping[str, Any] = json.loads(row[2]) if row[2] else {}
        return Entry(CallState(row[0]), int(row[1]), result.get("text", ""), bool(result.get("failed")))

    async def start(self, call_id: str, tool: str) -> None:
        """Note that a call is about to be made."""
        await self._checkpoints.execute(
            "INSERT INTO tool_ledger VALUES (?, ?, ?, 'started', 1, NULL) ON CONFLICT (execution_id, call_id)"
            " DO UPDATE SET state = 'started', attempts = tool_ledger.attempts + 1, result = NULL",
            (self._execution_id, call_id, tool),
        )

    async def done(self, call_id: str, text: str, *, failed: bool) -> None:
        """Note how a call ended."""
        await self._checkpoints.execute(
            "UPDATE tool_ledger SET state = 'done', result = ? WHERE execution_id = ? AND call_id = ?",
            (json.dumps({"text": text, "failed": failed}), self._execution_id, call_id),
        )
