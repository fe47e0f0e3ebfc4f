"""Backups: fetched from the server, checked without being opened, their database put in place of the current one."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from stigmer_cli import archives
from stigmer_cli.errors import CliError, StackError, UsageError
from stigmer_cli.paths import PRIVATE_FILE

HEADER_BYTES = 512
DATABASE_HEADER_BYTES = 100
MAGIC = b"SQLite format 3\0"
LARGEST_PAGE = 65536
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Copy:
    """A complete copy: where it lies, and what the server said of it (a BackupSummary)."""

    path: Path
    summary: Any


def checksum_file(path: Path) -> Path:
    """Where the checksum of a copy lies, in the form that `sha256sum -c` reads."""
    return path.with_name(f"{path.name}.sha256")


def save(chunks: Iterable[Any], path: Path) -> Copy:
    """Write the stream of a backup to `path`, and its checksum beside it; both appear only when all is well.

    Raises CliError when the stream is incomplete or altered, or the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with _private_file(partial) as file:
            digest, size, summary = hashlib.sha256(), 0, None
            for chunk in chunks:
                if chunk.WhichOneof("content") == "summary":
                    summary = chunk.summary
                    continue
                digest.update(chunk.data)
                size += file.write(chunk.data)
            if summary is None or (summary.size, summary.sha256) != (size, digest.hexdigest()):
                raise CliError("the backup arrived incomplete; nothing was written", hint="run the command again")
            file.flush()
            os.fsync(file.fileno())
        copy = Copy(path, summary)
        _write_checksum(copy)
        partial.replace(path)
    except OSError as error:
        raise CliError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return copy


def _write_checksum(copy: Copy) -> None:
    target = checksum_file(copy.path)
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    with _private_file(partial) as file:
        file.write(f"{copy.summary.sha256}  {copy.path.name}\n".encode())
        os.fsync(file.fileno())
    partial.replace(target)


def _private_file(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, PRIVATE_FILE), "wb", buffering=0)


def check(path: Path, *, without_checksum: bool) -> archives.Contents | None:
    """What a backup with files says it holds; None for a database alone, as earlier versions wrote.

    Raises UsageError unless it is whole and has the checksum that lies beside it.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
            digest = hashlib.sha256(header)
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
        contents = archives.check(path) if archives.is_archive(header) else None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    if contents is None:
        _check_database(path, header, size)
    if not without_checksum and _stored_checksum(path) != digest.hexdigest():
        raise UsageError(f"{path} is damaged: its content does not have the checksum in {checksum_file(path)}")
    return contents


def _check_database(path: Path, header: bytes, size: int) -> None:
    if len(header) < DATABASE_HEADER_BYTES or not header.startswith(MAGIC):
        raise UsageError(f"{path} is no backup", hint="give a file that `stigmer-ctl backup` wrote")
    page = int.from_bytes(header[16:18], "big")
    expected = (LARGEST_PAGE if page == 1 else page) * int.from_bytes(header[28:32], "big")
    if size != expected:
        raise UsageError(f"{path} is damaged: it has {size} bytes, its header says {expected}")


def _stored_checksum(path: Path) -> str:
    beside = checksum_file(path)
    try:
        return beside.read_text(encoding="ascii").split(" ")[0].strip()
    except FileNotFoundError as error:
        raise UsageError(
            f"{beside} is missing, so nobody knows whether {path.name} is whole",
            hint="keep both files together, or trust it with --no-checksum",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {beside}: {error}") from error


def put_in_place(source: IO[bytes], database: Path) -> Path | None:
    """Make a copy of `source` the database, and return where the one before is kept; None when there was none.

    The caller knows that no server runs. The log that SQLite keeps beside a database goes with the old one.
    """
    partial = database.with_name(f".{database.name}.restore-{os.getpid()}")
    try:
        with _private_file(partial) as target:
            while piece := source.read(PIECE_BYTES):
                target.write(piece)
            os.fsync(target.fileno())
        kept = _set_aside(database)
        partial.replace(database)
    except OSError as error:
        raise StackError(f"cannot restore {database}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return kept


def _set_aside(database: Path) -> Path | None:
    """Keep the current database under another name, with the log that belongs to it."""
    log, shared = (database.with_name(database.name + suffix) for suffix in ("-wal", "-shm"))
    kept = None
    if database.exists():
        kept = _free_name(database)
        os.link(database, kept)  # the old one stays in place until the new one replaces it in one step
        if log.exists():
            os.link(log, kept.with_name(kept.name + "-wal"))
    log.unlink(missing_ok=True)
    shared.unlink(missing_ok=True)
    return kept


def _free_name(database: Path) -> Path:
    first = database.with_name(f"{database.name}.before-restore")
    number, free = 1, first
    while free.exists():
        number += 1
        free = first.with_name(f"{first.name}-{number}")
    return free
