"""Reads the zip file of a skill in memory. The server checked it when it was pushed; a runner trusts no one."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, field

from stigmer_agent_runner.errors import ResolveError
from stigmer_api.skills import SKILL_FILE

__all__ = ["MAX_BYTES", "MAX_FILES", "PackageFile", "read_package"]

MAX_FILES = 2_000
MAX_BYTES = 100 * 1024 * 1024
"""Of all files together, unpacked: a skill is text and a few scripts."""

_RATIO = 100
_SMALL = 64 * 1024
"""Files below it may have any ratio: a few lines of blanks are no bomb."""

_UNIX = 3
_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file; path with "/" between its parts."""

    path: str
    executable: bool
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()


def read_package(slug: str, data: bytes) -> list[PackageFile]:
    """Return every file of a package. ResolveError, kind `skill_invalid`, for whatever no honest package has."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            if len(entries) > MAX_FILES:
                raise _invalid(slug, f"has more than {MAX_FILES} files")
            if sum(info.file_size for info in entries) > MAX_BYTES:
                raise _invalid(slug, f"unpacks to more than {MAX_BYTES} bytes")
            files = [_read(slug, archive, info) for info in entries]
    except _ERRORS as error:
        raise _invalid(slug, f"is damaged: {error}") from error
    paths = [file.path for file in files]
    if len(set(paths)) != len(paths):
        raise _invalid(slug, "has a file twice")
    if SKILL_FILE not in paths:
        raise _invalid(slug, f"has no {SKILL_FILE} at its root")
    return files


def _read(slug: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> PackageFile:
    path = unicodedata.normalize("NFC", info.filename)
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise _invalid(slug, f"has the path {path[:100]!r}, which leads out of it")
    if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG}:
        raise _invalid(slug, f"has {path[:100]!r}, which is a link or a device")
    if info.file_size > _SMALL and info.file_size > _RATIO * max(info.compress_size, 1):
        raise _invalid(slug, f"has {path[:100]!r}, which shrinks more than {_RATIO} times")
    with archive.open(info) as stream:
        content = stream.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise _invalid(slug, f"has {path[:100]!r} in another size than it says")
    executable = info.create_system == _UNIX and bool((info.external_attr >> 16) & 0o111)
    return PackageFile(path, executable, content)


def _invalid(slug: str, problem: str) -> ResolveError:
    return ResolveError(f"the package of the skill {slug!r} {problem}", kind="skill_invalid")
