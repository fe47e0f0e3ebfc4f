"""Files named by the hash of their content: where large payloads of workflows lie. Knows no Temporal.

A file is complete or absent (written beside, fsynced, renamed), readable by its owner only, and never changed. Several
processes may share a directory.
"""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stigmer_workflow_runner.errors import RunnerError

RENEW_AFTER: Final = 3_600.0
"""Seconds after which a file that is used again counts as new; more often is not worth a write."""

_HEX: Final = frozenset("0123456789abcdef")
_PLAIN, _PACKED, _GOING = "", ".z", ".going"


class BlobError(RunnerError):
    """A file of the store is missing or is not what its name says."""


class Blobs:
    """A directory of blobs; made when the first one is written. `compress` says how new ones are written."""

    def __init__(self, directory: Path, *, compress: bool = True) -> None:
        self.directory = directory
        self._compress = compress

    def put(self, content: bytes) -> str:
        """Keep `content`, durably when this returns; gives its key, the SHA-256 in hex."""
        key = hashlib.sha256(content).hexdigest()
        found = self._find(key)
        if found is not None and _renewed(found):
            return key
        packed = zlib.compress(content, 1) if self._compress else content
        smaller = len(packed) < len(content)
        self._write(self._path(key, _PACKED if smaller else _PLAIN), packed if smaller else content)
        return key

    def get(self, key: str) -> bytes:
        """The content of `key`. Raises `BlobError` when it is not there or damaged."""
        if len(key) != 64 or not _HEX.issuperset(key):
            raise BlobError(f"{key[:80]!r} is not a key of a stored payload")
        for suffix in (_PLAIN, _PACKED):
            path = self._path(key, suffix)
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            return _checked(path, key, zlib.decompressobj().decompress(content) if suffix else content)
        raise BlobError(
            f"the payload {key} is not in {self.directory}: every workflow runner needs the same directory "
            "(workflow_runner.claim_check.directory), and files may go only when no open execution needs them"
        )

    def older_than(self, seconds: float) -> list[str]:
        """Keys of the blobs that were last written or used more than `seconds` ago."""
        limit = time.time() - seconds
        return [path.name.removesuffix(_PACKED) for path in self._files() if path.stat().st_mtime < limit]

    def drop(self, key: str, seconds: float) -> bool:
        """Remove a blob, unless it was used meanwhile; whether it went."""
        found = self._find(key)
        if found is None:
            return False
        aside = found.with_name(found.name + _GOING)
        found.rename(aside)  # from here on a writer of the same content writes it anew
        if time.time() - aside.stat().st_mtime < seconds:
            aside.rename(found)
            return False
        aside.unlink()
        return True

    def keep(self, key: str) -> None:
        """Count a blob as used now."""
        found = self._find(key)
        if found is not None:
            os.utime(found)

    def _files(self) -> Iterator[Path]:
        for path in self.directory.glob("??/*"):
            if _HEX.issuperset(path.name.removesuffix(_PACKED)):
                yield path

    def _find(self, key: str) -> Path | None:
        return next((path for suffix in (_PLAIN, _PACKED) if (path := self._path(key, suffix)).exists()), None)

    def _path(self, key: str, suffix: str) -> Path:
        return self.directory / key[:2] / (key + suffix)

    def _write(self, path: Path, content: bytes) -> None:
        self._make(path.parent)
        beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        try:
            with open(beside, "xb", opener=_private) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)

    def _make(self, directory: Path) -> None:
        if directory.is_dir():
            return
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        _sync_directory(self.directory)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_directory(directory: Path) -> None:
    """A rename is durable only when its directory is."""
    number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _renewed(path: Path) -> bool:
    """Whether the file is still there and now counts as used."""
    try:
        if time.time() - path.stat().st_mtime > RENEW_AFTER:
            os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _checked(path: Path, key: str, content: bytes) -> bytes:
    if hashlib.sha256(content).hexdigest() != key:
        raise BlobError(f"{path} is damaged: its content does not have the hash that its name says")
    return content
