"""The version of a skill package: one hash of what is in it, whatever zipped it when.

The server computes it of what is pushed, the command line of what it would push. Standard library only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["SKILL_FILE", "PackedFile", "package_hash"]

SKILL_FILE = "SKILL.md"
"""What a skill package has at its root."""

_FORMAT = b"stigmer-skill/1\n"


class PackedFile(NamedTuple):
    """One file: path with "/" between its parts, whether it may be executed, SHA-256 of its content in hex."""

    path: str
    executable: bool
    sha256: str


def package_hash(files: Iterable[PackedFile]) -> str:
    """SHA-256, in hex, over one line per file: `path NUL x-or-hyphen NUL sha256`, sorted by the bytes of the path.

    Times, owners, order and compression do not matter. A line never is two: neither part can have a NUL or line end.
    """
    digest = hashlib.sha256(_FORMAT)
    for path, item in sorted((item.path.encode(), item) for item in files):
        digest.update(path + (b"\0x\0" if item.executable else b"\0-\0") + item.sha256.encode() + b"\n")
    return digest.hexdigest()
