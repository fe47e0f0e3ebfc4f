"""`ServerService.Backup`: a consistent copy of the database and its files, sent in pieces while the server goes on."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import structlog
from ulid import ULID

from stigmer_api._pb.stigmer.runtime.v1.server_pb2 import BackupChunk, BackupSummary
from stigmer_api.errors import FailedPrecondition
from stigmer_server.archive import Archive
from stigmer_server.artifacts.needed import needed_by_backup
from stigmer_server.secrets.records import CHECK, CHECK_ID
from stigmer_store import BackupUnsupported, is_in_backup

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services
    from stigmer_store import Repository

__all__ = ["backup"]

_log = structlog.get_logger("stigmer.backup")
_PIECE_BYTES = 1024 * 1024
_PREFIX = ".backup-"


async def backup(services: Services, request: Any) -> AsyncGenerator[bytes, None]:
    """The database file, or an archive with its files too, in pieces, then the summary."""
    path = _place(services.repository)
    async with AsyncExitStack() as stack:
        if request.with_files:  # before the copy is made: what it names must still be there when its turn comes
            await stack.enter_async_context(services.artifacts.kept())
        summary, file, keys = await _opened_copy(services, path, with_files=request.with_files)
        archive = Archive(services.artifacts, summary)
        digest = hashlib.sha256()
        with file:
            async for piece in archive.pieces(file, keys) if request.with_files else _pieces(file):
                digest.update(piece)
                summary.size += len(piece)
                yield BackupChunk(data=piece).SerializeToString()
    summary.sha256 = digest.hexdigest()
    _log.info("backup sent", revision=summary.revision, bytes=summary.size, files=summary.files)
    yield BackupChunk(summary=summary).SerializeToString()


async def _opened_copy(
    services: Services, path: Path, *, with_files: bool
) -> tuple[BackupSummary, BinaryIO, list[str]]:
    """A copy of the database, open for reading, what there is to say of it so far, and the keys of its files."""
    summary = BackupSummary(revision=await _copy(services.repository, path), with_files=with_files)

    def opened() -> tuple[bool, list[str], BinaryIO]:
        try:
            return is_in_backup(path, CHECK, CHECK_ID), needed_by_backup(path) if with_files else [], path.open("rb")
        finally:
            path.unlink()  # open files outlive their names: whatever ends this process or stream, nothing is left

    sealed, keys, file = await asyncio.to_thread(opened)
    summary.key_id = services.controller.vault.sealer.key_id if sealed else ""
    return summary, file, keys


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
        yield piece


def _place(repository: Repository) -> Path:
    """A file beside the database, where there is room for a second one; removes what a killed server left."""
    scheme, _, location = repository.url.partition(":///")
    if scheme not in {"sqlite", "sqlite+pysqlite"}:
        raise _unsupported()
    folder = Path(location).absolute().parent
    own = f"{_PREFIX}{os.getpid()}-"
    for left in folder.glob(f"{_PREFIX}*"):
        if not left.name.startswith(own):
            left.unlink(missing_ok=True)
    return folder / f"{own}{str(ULID()).lower()}"


async def _copy(repository: Repository, path: Path) -> int:
    """Copy to `path`; when the caller goes away meanwhile, the copy goes when it is done."""
    copying = asyncio.ensure_future(repository.backup(path))
    try:
        return await asyncio.shield(copying)
    except asyncio.CancelledError:
        copying.add_done_callback(lambda _: path.unlink(missing_ok=True))
        raise
    except BackupUnsupported as error:
        raise _unsupported() from error


def _unsupported() -> FailedPrecondition:
    return FailedPrecondition(
        "this server's database is not a SQLite file: back up Postgres with pg_dump; one in memory keeps nothing",
        reason="BACKUP_UNSUPPORTED",
    )
