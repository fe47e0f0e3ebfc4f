"""Zip files for tests: honest ones, and ones that no library would write."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping

SKILL_MD = """\
---
name: cooking
description: How to cook
---
# Cooking

Boil it.
"""


def make_zip(
    files: Mapping[str, str | bytes] | None = None,
    *,
    year: int = 2020,
    method: int = zipfile.ZIP_DEFLATED,
    executable: tuple[str, ...] = (),
) -> bytes:
    """A zip of these files, in this order; by default a good skill."""
    content = {"SKILL.md": SKILL_MD} if files is None else files
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in content.items():
            info = zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0))
            info.compress_type = method
            info.external_attr = (stat.S_IFREG | (0o755 if name in executable else 0o644)) << 16
            archive.writestr(info, body)
    return buffer.getvalue()


def skill_zip(body: str = "Boil it.", name: str = "cooking", **files: str | bytes) -> bytes:
    """A good skill of this name."""
    return make_zip({"SKILL.md": f"---\nname: {name}\n---\n{body}\n", **files})


def with_link() -> bytes:
    """A skill with a symbolic link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("SKILL.md", SKILL_MD)
        link = zipfile.ZipInfo("passwords")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def twice(name: str = "a.txt") -> bytes:
    """A skill with two entries of one name; made by renaming, for the library warns."""
    other = name[:-1] + "\x7f"
    data = make_zip({"SKILL.md": SKILL_MD, name: "1", other: "2"})
    return data.replace(other.encode(), name.encode())


def patched(data: bytes, *, entry: int, offset: int, value: bytes) -> bytes:
    """The zip with bytes of one entry of its directory overwritten. Offset 8 is flags, 10 method, 20 and 24 sizes."""
    at = -1
    for _ in range(entry + 1):
        at = data.index(b"PK\1\2", at + 1)
    return data[: at + offset] + value + data[at + offset + len(value) :]


def wrong_checksum(data: bytes) -> bytes:
    """The zip with the last byte of its stored content changed."""
    at = data.index(b"PK\1\2") - 1
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def overlapping() -> bytes:
    """Two entries of the directory that share one content."""
    data = make_zip({"SKILL.md": SKILL_MD, "b.txt": "x" * 100}, method=zipfile.ZIP_STORED)
    return patched(data, entry=1, offset=42, value=(1).to_bytes(4, "little"))


def zip64_lies() -> bytes:
    """A zip whose end says: the truth is in a ZIP64 record elsewhere."""
    data = make_zip()
    end = data.rindex(b"PK\5\6")
    record = b"PK\6\6" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + b"\0" * 8 + b"\xff" * 32
    locator = b"PK\6\7" + b"\0" * 4 + end.to_bytes(8, "little") + b"\1\0\0\0"
    return data[:end] + record + locator + data[end:]
