"""The form of a backup with files: a tar archive that any tar reads, written as it is sent.

`stigmer.db` comes first, then `files/<storage key>` for each file, and `manifest.json` last: an archive without it is
not whole. Files are named by their content, so nothing but their names has to be consistent with the database.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tarfile
import time
from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

from stigmer_api.errors import Internal, NotFound

if TYPE_CHECKING:
    from stigmer_api._pb.stigmer.runtime.v1.server_pb2 import BackupSummary
    from stigmer_server.artifacts.files import ArtifactFiles

__all__ = ["FORMAT", "Archive"]

FORMAT = "stigmer-backup/1"

_PIECE_BYTES = 1024 * 1024
_END = bytes(2 * tarfile.BLOCKSIZE)


class Archive:
    """One archive; counts the files in it, and those that are missing, in the summary of the backup."""

    def __init__(self, files: ArtifactFiles, summary: BackupSummary) -> None:
        self._files = files
        self._summary = summary
        self._made_at = int(time.time())

    async def pieces(self, database: BinaryIO, keys: Iterable[str]) -> AsyncGenerator[bytes, None]:
        """The bytes of the archive. `database` is the file of the copy, `keys` the files that it names."""
        size, digest = os.fstat(database.fileno()).st_size, hashlib.sha256()
        yield self._header("stigmer.db", size)
        while piece := await asyncio.to_thread(database.read, _PIECE_BYTES):
            digest.update(piece)
            yield piece
        yield _padding(size)
        held: list[dict[str, Any]] = []
        for key in keys:
            content = await self._content(key)
            if content is not None:
                held.append({"key": key, "size": len(content)})
                yield self._header(f"files/{key}", len(content))
                for start in range(0, len(content), _PIECE_BYTES):
                    yield content[start : start + _PIECE_BYTES]
                yield _padding(len(content))
        self._summary.files = len(held)
        manifest = self._manifest({"size": size, "sha256": digest.hexdigest()}, held)
        yield self._header("manifest.json", len(manifest)) + manifest + _padding(len(manifest)) + _END

    async def _content(self, key: str) -> bytes | None:
        """A file, None when there is no sound one: a backup of what is there beats none."""
        try:
            return await self._files.read(key)
        except (NotFound, Internal):
            self._summary.missing.append(key)
            return None

    def _manifest(self, database: dict[str, Any], held: list[dict[str, Any]]) -> bytes:
        said = {
            "format": FORMAT,
            "revision": self._summary.revision,
            "key_id": self._summary.key_id,
            "database": database,
            "files": held,
            "missing": list(self._summary.missing),
        }
        return json.dumps(said, indent=1).encode() + b"\n"

    def _header(self, name: str, size: int) -> bytes:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, self._made_at
        return info.tobuf(tarfile.GNU_FORMAT)  # not the default one: that is two headers when a size is large


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
