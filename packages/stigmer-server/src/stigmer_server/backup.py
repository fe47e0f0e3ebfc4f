"""`ServerService.Backup`: a consistent copy of the database, sent in pieces while the server goes on."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from ulid import ULID

from stigmer_api._pb.stigmer.runtime.v1.server_pb2 import BackupChunk, BackupSummary
from stigmer_api.errors import FailedPrecondition
from stigmer_store import BackupUnsupported

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services
    from stigmer_store import Repository

__all__ = ["backup"]

_log = structlog.get_logger("stigmer.backup")
_PIECE_BYTES = 1024 * 1024
_PREFIX = ".backup-"


async def backup(services: Services, _request: Any) -> AsyncGenerator[bytes, None]:
    """The database file in pieces, then its summary."""
    path = _place(services.repository)
    revision = await _copy(services.repository, path)
    with path.open("rb") as file:
        path.unlink()  # open files outlive their names: whatever ends this process or stream, nothing is left behind
        digest, size = hashlib.sha256(), 0
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            yield BackupChunk(data=piece).SerializeToString()
    summary = BackupSummary(size=size, sha256=digest.hexdigest(), revision=revision)
    _log.info("backup sent", revision=revision, bytes=size)
    yield BackupChunk(summary=summary).SerializeToString()


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
