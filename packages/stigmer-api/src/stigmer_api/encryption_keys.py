"""Keys that secrets are sealed with, as far as both ends must agree: how they are written, and what each is called.

The server seals with them; the command line only has to tell whether the right one is there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

__all__ = ["KEY_BYTES", "KEY_FORM", "KEY_VARIABLE", "key_id", "read_key_text"]

KEY_VARIABLE = "STIGMER_ENCRYPTION_KEY"
KEY_BYTES = 32
KEY_FORM = "32 bytes as base64 (44 characters), one key to a line, the one in force first"

_ID_BYTES = 8


def key_id(secret: bytes) -> bytes:
    """What says which key something was sealed with, and nothing else about the key."""
    return hashlib.sha256(b"stigmer key id\0" + secret).digest()[:_ID_BYTES]


def read_key_text(text: str) -> list[bytes]:
    """The keys in a file or variable, the one in force first; ValueError when there is none or something is no key."""
    keys = [_decoded(word) for word in text.split()]
    if not keys:
        raise ValueError(f"holds no encryption key; it has to hold {KEY_FORM}")
    return keys


def _decoded(word: str) -> bytes:
    try:
        secret = base64.b64decode(word.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise ValueError(f"holds something that is no encryption key; it has to hold {KEY_FORM}")
    return secret
