"""Which folder holds the files of a session: a conversation may go on elsewhere, files do not by themselves."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from stigmer_agent_runner.events import Notice

if TYPE_CHECKING:
    from stigmer_agent_runner.checkpoints.marks import Marks

__all__ = ["notice_of_files"]

_MARK = "workspace"


async def notice_of_files(marks: Marks, session: Path) -> Notice | None:
    """Remember whose folder the session began in; a notice when this is another one."""
    own = await asyncio.to_thread(_identity, session / "folder-id")
    await marks.put_first(_MARK, f"{own} {socket.gethostname()}")
    first, _, host = (await marks.get(_MARK)).partition(" ")
    if first == own:
        return None
    return Notice(
        "files-elsewhere",
        f"This conversation goes on where it stood, but its files lie with another agent runner (on {host}): the"
        " workspace here has only what was written here.",
    )


def _identity(path: Path) -> str:
    """An id that stays with a folder, also where many machines see it."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(uuid.uuid4().hex)
    return path.read_text(encoding="ascii").strip()
