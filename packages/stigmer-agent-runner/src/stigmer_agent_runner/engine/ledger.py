"""The ledger of tool calls beside the checkpoints: what was started and what was done, each committed when it happens.

A checkpoint knows only what it saved. Between a tool's effect and its checkpoint a runner may die; the ledger tells
whether a call was started then, and keeps the result of a call that ended.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tool_ledger (
  execution_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  tool TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  result TEXT,
  PRIMARY KEY (execution_id, call_id)
)
"""
_BUSY_SECONDS = 10.0


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
    """The calls of one execution. Opens the file per operation; methods block: call them in a thread."""

    def __init__(self, path: Path, execution_id: str) -> None:
        self._path = path
        self._execution_id = execution_id

    def find(self, call_id: str) -> Entry | None:
        """Return what is known of a call; None when it was never started."""
        with self._connection() as database:
            row = database.execute(
                "SELECT state, attempts, result FROM tool_ledger WHERE execution_id = ? AND call_id = ?",
                (self._execution_id, call_id),
            ).fetchone()
        if row is None:
            return None
        result: Mapping[str, Any] = json.loads(row[2]) if row[2] else {}
        return Entry(CallState(row[0]), int(row[1]), result.get("text", ""), bool(result.get("failed")))

    def start(self, call_id: str, tool: str) -> None:
        """Note that a call is about to be made."""
        with self._connection() as database:
            database.execute(
                "INSERT INTO tool_ledger VALUES (?, ?, ?, 'started', 1, NULL)"
                " ON CONFLICT DO UPDATE SET state = 'started', attempts = attempts + 1, result = NULL",
                (self._execution_id, call_id, tool),
            )

    def done(self, call_id: str, text: str, *, failed: bool) -> None:
        """Note how a call ended."""
        with self._connection() as database:
            database.execute(
                "UPDATE tool_ledger SET state = 'done', result = ? WHERE execution_id = ? AND call_id = ?",
                (json.dumps({"text": text, "failed": failed}), self._execution_id, call_id),
            )

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            with database:
                database.execute(_SCHEMA)
                yield database
