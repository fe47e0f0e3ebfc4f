"""The keys that secrets are sealed with: the first seals, all of them open."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stigmer_server.errors import StartupError
from stigmer_server.private_file import make_private_file

__all__ = ["KEY_VARIABLE", "Key", "KeyRing", "key_file", "read_keys"]

KEY_VARIABLE = "STIGMER_ENCRYPTION_KEY"

_KEY_BYTES = 32
_ID_BYTES = 8
_FORM = "32 bytes as base64 (44 characters), one key to a line, the one in force first"


@dataclass(frozen=True, slots=True)
class Key:
    """One AES-256 key. Its id says which key something was sealed with, and nothing else about it."""

    id: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """The key with these 32 bytes."""
        return cls(hashlib.sha256(b"stigmer key id\0" + secret).digest()[:_ID_BYTES], secret)


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
        return KeyRing(_parse(variable.split(), KEY_VARIABLE), KEY_VARIABLE)
    path = key_file(home)
    try:
        if may_make:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private_file(path, base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode() + "\n")
        mode = stat.S_IMODE(path.stat().st_mode)
        words = path.read_text(encoding="ascii").split()
    except FileNotFoundError as error:
        raise StartupError(
            f"the encryption key {path} is missing, and the database holds secrets sealed with it: put the file back, "
            f"or set {KEY_VARIABLE} to its text"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"cannot read the encryption key {path}: {error}") from error
    if mode & 0o077:
        raise StartupError(f"the encryption key {path} is open to other users (mode {mode:o}): chmod 600 {path}")
    return KeyRing(_parse(words, str(path)), str(path))


def _parse(words: Sequence[str], origin: str) -> tuple[Key, ...]:
    keys = tuple(Key.of(_decoded(word, origin)) for word in words)
    if not keys:
        raise StartupError(f"{origin} holds no encryption key; it has to hold {_FORM}")
    return keys


def _decoded(word: str, origin: str) -> bytes:
    try:
        secret = base64.b64decode(word.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != _KEY_BYTES:
        raise StartupError(f"{origin} holds something that is no encryption key; it has to hold {_FORM}")
    return secret
