"""The bearer token: one line in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from stigmer_server.errors import StartupError

__all__ = ["read_or_make_token"]

_TOKEN_BYTES = 32


def read_or_make_token(home: Path) -> str:
    """The token of this home; made first when there is none. Safe when two processes start at once.

    Raises StartupError when the file cannot be read or written, or is empty.
    """
    path = home / "token"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"cannot read the token file {path}: {error}") from error
    if not token:
        raise StartupError(f"the token file {path} is empty: delete it to get a new one")
    return token


def _make(path: Path) -> None:
    """Publish a whole file or nothing: a reader never sees it half written."""
    if path.exists():
        return
    draft = path.with_name(f".token-{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(_TOKEN_BYTES) + "\n")
        try:
            os.link(draft, path)  # fails when somebody else was first; theirs is the token then
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
