"""Small files that only their owner can read, made once: the token and the encryption key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["make_private_file"]


def make_private_file(path: Path, text: str) -> None:
    """Publish a whole file (0600) or nothing; one that is there stays as it is, whoever made it.

    A reader never sees it half written, and of two processes that try at once one wins. Raises OSError.
    """
    if path.exists():
        return
    draft = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails when somebody else was first; theirs it is then
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
