"""The bearer token: one line in a file that only its owner can read."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from stigmer_server.errors import StartupError
from stigmer_server.private_file import make_private_file

__all__ = ["fingerprint", "read_or_make_token"]

_TOKEN_BYTES = 32
_FINGERPRINT_LENGTH = 12


def read_or_make_token(home: Path) -> str:
    """The token of this home; made first when there is none. Safe when two processes start at once.

    Raises StartupError when the file cannot be read or written, or is empty.
    """
    path = home / "token"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private_file(path, secrets.token_urlsafe(_TOKEN_BYTES) + "\n")
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"cannot read the token file {path}: {error}") from error
    if not token:
        raise StartupError(f"the token file {path} is empty: delete it to get a new one")
    return token


def fingerprint(token: str) -> str:
    """What may be written down of a token: enough to tell two apart, nothing to guess one from."""
    return hashlib.sha256(token.encode()).hexdigest()[:_FINGERPRINT_LENGTH]
