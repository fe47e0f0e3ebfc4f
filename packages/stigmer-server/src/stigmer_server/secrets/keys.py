"""The keys that secrets are sealed with: the first seals, all of them open."""

from __future__ import annotations

import base64
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from stigmer_api.encryption_keys import KEY_BYTES, KEY_VARIABLE, key_id, read_key_text
from stigmer_server.errors import StartupError
from stigmer_server.private_file import make_private_file

__all__ = ["KEY_VARIABLE", "Key", "KeyRing", "key_file", "read_keys"]


@dataclass(frozen=True, slots=True)
class Key:
    """One AES-256 key. Its id says which key something was sealed with, and nothing else about it."""

    id: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """The key with these 32 bytes."""
        return cls(key_id(secret), secret)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys of a server. `origin` is what to name in an error: the file, or the variable."""

    keys: tuple[Key, ...]
    origin: str

    @property
    def active(self) -> Key:
        """The key that seals."""
        return self.keys[0]

    def find(self, key_id: bytes) -> Key | None:
        """The key with this id."""
        return next((key for key in self.keys if key.id == key_id), None)


def key_file(home: Path) -> Path:
    """Where the keys of a home are."""
    return home / "data" / "encryption.key"


def read_keys(home: Path, variable: str, *, may_make: bool) -> KeyRing:
    """The keys from the variable's text, else from the file of the home, which is made first when that is allowed.

    Raises StartupError that names the place: when nothing is there and nothing may be made, when the file is open to
    others, or when it holds no keys.
    """
    if variable.strip():
        return KeyRing(_parse(variable, KEY_VARIABLE), KEY_VARIABLE)
    path = key_file(home)
    try:
        if may_make:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private_file(path, base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii")
    except FileNotFoundError as error:
        raise StartupError(
            f"the encryption key {path} is missing, and the database holds secrets sealed with it: put the file back, "
            f"or set {KEY_VARIABLE} to its text"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"cannot read the encryption key {path}: {error}") from error
    if mode & 0o077:
        raise StartupError(f"the encryption key {path} is open to other users (mode {mode:o}): chmod 600 {path}")
    return KeyRing(_parse(text, str(path)), str(path))


def _parse(text: str, origin: str) -> tuple[Key, ...]:
    try:
        return tuple(map(Key.of, read_key_text(text)))
    except ValueError as error:
        raise StartupError(f"{origin} {error}") from error
