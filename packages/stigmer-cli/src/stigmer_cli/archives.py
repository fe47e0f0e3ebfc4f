"""Backups with files: tar archives, checked to the last byte before anything of them is used.

Nothing is unpacked by the names in an archive: what is in it is known by name, and everything else is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from stigmer_cli.errors import StackError, UsageError
from stigmer_cli.paths import PRIVATE_DIRECTORY, PRIVATE_FILE

FORMAT = "stigmer-backup/1"
DATABASE = "stigmer.db"
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 256 * 1024 * 1024
PIECE_BYTES = 1024 * 1024

_FILE = re.compile(r"files/(?P<key>(?:skills|artifacts|attachments)/(?P<digest>[0-9a-f]{64})(?:\.zip)?)")
_MAGIC = (257, b"ustar")


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive says it holds. `key_id`: the encryption key that its secrets need, empty when it has none."""

    revision: int
    key_id: str
    files: int
    missing: tuple[str, ...]


def is_archive(header: bytes) -> bool:
    """Whether a file that begins so is a tar archive."""
    start, magic = _MAGIC
    return header[start : start + len(magic)] == magic


def check(path: Path) -> Contents:
    """Read all of an archive; raises UsageError unless what its manifest names is there, whole, and nothing else."""
    found: dict[str, tuple[int, str]] = {}
    manifest: dict[str, Any] = {}
    with _members(path) as members:
        for info, stream in members:
            if manifest:
                raise _damaged(path, f"{info.name} comes after the manifest")
            if info.name == MANIFEST:
                manifest = _read_manifest(path, info, stream)
                continue
            size, digest = _measured(stream)
            named = _FILE.fullmatch(info.name)
            if info.name in found or (named is None and info.name != DATABASE):
                raise _damaged(path, f"{info.name[:100]!r} does not belong in it")
            if named is not None and named["digest"] != digest:
                raise _damaged(path, f"{info.name} does not have the content that its name says")
            found[info.name] = (size, digest)
    if not manifest:
        raise _damaged(path, f"it has no {MANIFEST} at its end, so it is only a part of a backup")
    return _compared(path, manifest, found)


def _read_manifest(path: Path, info: tarfile.TarInfo, stream: IO[bytes]) -> dict[str, Any]:
    if info.size > LARGEST_MANIFEST:
        raise _damaged(path, f"its {MANIFEST} is too large")
    try:
        said = json.loads(stream.read())
    except ValueError as error:
        raise _damaged(path, f"its {MANIFEST} cannot be read") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise UsageError(
            f"{path} is no backup that this version reads", hint="restore it with the version that wrote it"
        )
    return said


def _compared(path: Path, manifest: dict[str, Any], found: dict[str, tuple[int, str]]) -> Contents:
    try:
        database = (manifest["database"]["size"], manifest["database"]["sha256"])
        files = {f"files/{item['key']}": item["size"] for item in manifest["files"]}
        contents = Contents(manifest["revision"], manifest["key_id"], len(files), tuple(manifest["missing"]))
    except (KeyError, TypeError) as error:
        raise _damaged(path, f"its {MANIFEST} cannot be read") from error
    if found.pop(DATABASE, None) != database:
        raise _damaged(path, f"its {DATABASE} is not the one that it says it holds")
    if files != {name: size for name, (size, _) in found.items()}:
        lost = len(files.keys() - found.keys())
        raise _damaged(path, f"it lacks {lost} of {len(files)} files" if lost else "it holds other files than it says")
    return contents


@contextlib.contextmanager
def database_in(path: Path) -> Iterator[IO[bytes]]:
    """The database of an archive that was checked, for reading."""
    with _members(path) as members:
        _, stream = next(members)
        yield stream


def put_files(path: Path, directory: Path) -> int:
    """Put the files of an archive that was checked where the server looks for them; returns how many were not there.

    Files are named by their content, so those that are there for other reasons are not in the way.
    """
    written = 0
    try:
        with _members(path) as members:
            for info, stream in members:
                named = _FILE.fullmatch(info.name)
                if named is not None and not _renewed(directory / named["key"], named["digest"]):
                    _write(directory / named["key"], stream)
                    written += 1
    except OSError as error:
        raise StackError(f"cannot write the files of the backup to {directory}: {error.strerror or error}") from error
    return written


def _renewed(path: Path, digest: str) -> bool:
    """Whether the file is there already; it then counts as new, because the server sweeps what is old and unneeded."""
    try:
        with path.open("rb") as stream:
            if _measured(stream)[1] != digest:
                return False
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _write(path: Path, stream: IO[bytes]) -> None:
    path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.restore-{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, PRIVATE_FILE), "wb") as target:
            while piece := stream.read(PIECE_BYTES):
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _measured(stream: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


@contextlib.contextmanager
def _members(path: Path) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    """Every member with its content, in order. Raises UsageError where the archive breaks off."""
    try:
        with tarfile.open(path, "r:") as archive:
            yield _walked(path, archive)
    except tarfile.TarError as error:
        raise _damaged(path, f"it breaks off or is no archive ({error})") from error


def _walked(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for info in archive:
        plain = info.type == tarfile.REGTYPE and info.sparse is None
        stream = archive.extractfile(info) if plain else None
        if stream is None:
            raise _damaged(path, f"{info.name[:100]!r} does not belong in it")
        yield info, stream


def _damaged(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is damaged: {why}", hint="nothing was changed; restore another backup")
