"""Where a session keeps its things on this machine: its folder is `$STIGMER_HOME/data/sessions/<id>`."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stigmer_agent_runner.errors import ResolveError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stigmer_agent_runner.engine.protocol import Control

_SESSION_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}")
_LOCK_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class SessionPaths:
    """The folders and files of one session."""

    root: Path

    @classmethod
    def of(cls, home: Path, session_id: str) -> SessionPaths:
        """Return the paths of a session; ResolveError when its id could leave the folder of sessions."""
        if not _SESSION_ID.fullmatch(session_id):
            raise ResolveError(f"session id {session_id!r} is not a valid id (letters, digits, '-' and '_')")
        return cls(home / "data" / "sessions" / session_id)

    @property
    def workspace(self) -> Path:
        """The folder that the file tools see as `/`."""
        return self.root / "workspace"

    @property
    def checkpoints(self) -> Path:
        """The SQLite file with the conversation, unless that lies in Postgres."""
        return self.root / "checkpoints.db"

    def prepare(self) -> None:
        """Make the folders (0700)."""
        for folder in (self.root, self.workspace):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextlib.asynccontextmanager
    async def lock(self, control: Control) -> AsyncIterator[bool]:
        """Hold the session for one run: two runs must never share a conversation or a workspace.

        Yields False when `control` asked to stop before the session was free. The lock ends with the process.
        """
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            held = _try_lock(handle)
            while not held and not await control.wait(_LOCK_POLL_SECONDS):
                held = _try_lock(handle)
            yield held
        finally:
            os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
