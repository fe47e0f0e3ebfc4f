"""The audit log: one JSON line for each resource that a committed transaction changed, and who changed it.

It holds names, ids and revisions, never a value of a resource.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson
import structlog

from stigmer_server.operations.calls import Call, Mutation, current_call

__all__ = ["MAX_BYTES", "MAX_FILES", "AuditLog"]

MAX_BYTES = 16 * 1024 * 1024
"""Size at which a file is set aside."""

MAX_FILES = 8
"""How many files set aside are kept: audit.log.1 is the newest."""

_SERVER = "server"
_log = structlog.get_logger("stigmer.audit")


class AuditLog:
    """Appends to `path` (0600). A full disk costs lines, never a call: the log says so once, until it works again.

    `who` is what is written for calls: there is one token, so its fingerprint.
    """

    def __init__(self, path: Path, who: str, *, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> None:
        self.lost = 0
        self._path = path
        self._who = who
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._waiting: list[tuple[Call | None, Sequence[Mutation]]] = []
        self._failing = False

    def record(self, mutations: Sequence[Mutation]) -> None:
        """Note what a transaction changed; call it after the commit, on the event loop."""
        if not mutations:
            return
        if not self._waiting:  # one write for all that happens in one turn of the loop
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append((current_call(), mutations))

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        lines = list(self._lines(waiting))
        if not lines:
            return
        try:
            self._append(b"".join(lines))
        except OSError as error:
            self.lost += len(lines)
            if not self._failing:
                _log.error("the audit log cannot be written", path=str(self._path), error=error.strerror)
            self._failing = True
        else:
            if self._failing:
                _log.info("the audit log is written again", lost=self.lost)
            self._failing = False

    def _lines(self, waiting: Sequence[tuple[Call | None, Sequence[Mutation]]]) -> Iterator[bytes]:
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for call, mutations in waiting:
            for item in mutations:
                yield orjson.dumps(
                    {
                        "time": time,
                        "who": _SERVER if call is None else self._who,
                        "method": "" if call is None else call.method,
                        "request_id": "" if call is None else call.request_id,
                        "peer": "" if call is None else call.peer,
                        "kind": item.kind,
                        "id": item.id,
                        "operation": item.operation,
                        "revision_before": item.revision_before,
                        "revision_after": item.revision_after,
                    },
                    option=orjson.OPT_APPEND_NEWLINE,
                )

    def _append(self, data: bytes) -> None:
        try:
            descriptor = self._open()
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = self._open()
        try:
            size = os.fstat(descriptor).st_size
            os.write(descriptor, data)
        finally:
            os.close(descriptor)
        if size + len(data) >= self._max_bytes:
            self._set_aside()

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _set_aside(self) -> None:
        for number in range(self._max_files - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
