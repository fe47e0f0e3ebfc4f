"""One value sealed for one place: AES-256-GCM, bound to kind, id and name, so that it opens nowhere else.

A sealed value is, as base64: one byte for this layout, eight for the id of its key, twelve of nonce, the ciphertext
with its tag.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stigmer_api.errors import FailedPrecondition
from stigmer_server.secrets.keys import KeyRing

__all__ = ["Place", "Sealer", "SecretUnreadable"]

_LAYOUT = b"\x01"
_ID = slice(1, 9)
_NONCE = slice(9, 21)
_TEXT = slice(21, None)
_NONCE_BYTES = 12


class SecretUnreadable(FailedPrecondition):
    """A sealed value does not open: its key is gone, or it was changed or moved. What is stored stays as it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret belongs: kind key, resource id, and its name in the resource ("data/TOKEN")."""

    kind: str
    id: str
    name: str

    def bytes(self) -> bytes:
        """An unambiguous form, to bind a value to it."""
        return json.dumps([self.kind, self.id, self.name]).encode()


class Sealer:
    """Seals with the first key of a ring and opens with any."""

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys
        self._ciphers = {key.id: AESGCM(key.secret) for key in keys.keys}

    @property
    def key_id(self) -> str:
        """Hex id of the key that seals."""
        return self.keys.active.id.hex()

    def seal(self, place: Place, value: str) -> str:
        """Seal a value for a place."""
        key_id, nonce = self.keys.active.id, os.urandom(_NONCE_BYTES)
        text = self._ciphers[key_id].encrypt(nonce, value.encode(), place.bytes())
        return base64.b64encode(_LAYOUT + key_id + nonce + text).decode()

    def is_current(self, sealed: str) -> bool:
        """Whether the key in force sealed this."""
        return _decoded(sealed)[_ID] == self.keys.active.id

    def open(self, place: Place, sealed: str) -> str:
        """The value in clear. Raises SecretUnreadable."""
        raw = _decoded(sealed)
        cipher = self._ciphers.get(raw[_ID])
        if cipher is None or raw[:1] != _LAYOUT:
            problem = (
                f"it was sealed with key {raw[_ID].hex()}, which {self.keys.origin} does not hold: put that key back"
            )
            raise _unreadable(place, problem)
        try:
            return cipher.decrypt(raw[_NONCE], raw[_TEXT], place.bytes()).decode()
        except (InvalidTag, ValueError) as error:  # ValueError: too short, or no text
            problem = f"the database was changed or {self.keys.origin} is not its key: set the secret again"
            raise _unreadable(place, problem) from error


def _unreadable(place: Place, problem: str) -> SecretUnreadable:
    name = place.name.rpartition("/")[2]
    return SecretUnreadable(
        f"the secret {name!r} of {place.kind} {place.id} cannot be opened; {problem}",
        reason="SECRET_UNREADABLE",
        metadata={"id": place.id, "name": name},
    )


def _decoded(sealed: str) -> bytes:
    try:
        return base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        return b""
