"""Content-addressed files: written whole or not at all, verified on every read, found by strict keys only."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

import structlog

from stigmer_api.errors import ApiError, Internal, NotFound, ResourceExhausted, Unavailable
from stigmer_server.resources.metadata import violation

__all__ = ["ARTIFACTS", "ATTACHMENTS", "SKILLS", "ArtifactFiles", "is_key", "key_of", "require_key"]

SKILLS = "skills"
ARTIFACTS = "artifacts"
ATTACHMENTS = "attachments"

_ENDINGS = {SKILLS: ".zip", ARTIFACTS: "", ATTACHMENTS: ""}
_KEY = re.compile(r"(?P<area>[a-z]+)/(?P<digest>[0-9a-f]{64})(?P<ending>\.zip)?")
_REMOVING = ".removing-"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

IsNeeded = Callable[[str], Awaitable[bool]]
"""Whether any resource names this key."""

_log = structlog.get_logger("stigmer.artifacts")


def key_of(area: str, digest: str) -> str:
    """The storage key of content with this SHA-256."""
    return f"{area}/{digest}{_ENDINGS[area]}"


def is_key(key: str, *areas: str) -> bool:
    """Whether a text has the form of a key of one of these areas."""
    return _area_of(key) in areas


def require_key(key: str, field: str, *areas: str) -> str:
    """The key again when it has the form of a key of one of these areas; raises InvalidArgument about `field`."""
    if not is_key(key, *areas):
        forms = " or ".join(key_of(area, "<64 hex digits>") for area in areas)
        raise violation(field, f"{key[:100]!r} is no storage key: those look like {forms}")
    return key


def _area_of(key: str) -> str:
    found = _KEY.fullmatch(key)
    if found is None or _ENDINGS.get(found["area"]) != (found["ending"] or ""):
        return ""
    return found["area"]


class ArtifactFiles:
    """The files below one directory. Methods raise ApiError; the work is done in threads.

    A file and the resource that names it are written one after the other, not together. So a file is written before
    its resource and looked for again after it, and one that seems unneeded is put aside before it is asked about for
    the last time: whoever wins, no resource loses its file. That holds between several servers on one directory too.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._keepers = 0
        self._discarding = asyncio.Lock()

    async def put(self, area: str, content: bytes) -> str:
        """Keep content; returns its key. Content that is there already is looked at, not written again."""
        return await asyncio.to_thread(self._put, area, content)

    async def read(self, key: str) -> bytes:
        """The content of a key that `require_key` or a resource vouches for. Raises NotFound."""
        return await asyncio.to_thread(self._read, key)

    async def exists(self, key: str) -> bool:
        """Whether there is a file under this key."""
        return await asyncio.to_thread(self._path(key).is_file)

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """No file goes for as long as the block runs; one that nobody needs any more is left to a later sweep."""
        self._keepers += 1
        try:
            async with self._discarding:
                pass  # what was under way has ended
            yield
        finally:
            self._keepers -= 1

    async def discard(self, keys: Iterable[str], is_needed: IsNeeded) -> list[str]:
        """Delete those of the files that no resource names; returns their keys."""
        return [key for key in dict.fromkeys(keys) if await self._discard(key, is_needed)]

    async def sweep(self, before: float, is_needed: IsNeeded) -> list[str]:
        """Discard what was last written before this time (seconds since 1970) and is named by nothing.

        Also ends what a crash interrupted: unfinished writes, and files put aside. Returns the keys of what is gone.
        """
        await asyncio.to_thread(self._recover, before)
        return await self.discard(await asyncio.to_thread(self._keys, before), is_needed)

    def _path(self, key: str) -> Path:
        if not _area_of(key):
            raise NotFound(f"there is no file {key[:100]!r}", reason="ARTIFACT_NOT_FOUND")
        return self.root / key

    def _put(self, area: str, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        key = key_of(area, digest)
        path = self._path(key)
        try:
            if not _renewed(path, digest):
                _write(path, content)
        except OSError as error:
            raise _failed(error) from error
        return key

    def _read(self, key: str) -> bytes:
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"there is no file {key!r}", reason="ARTIFACT_NOT_FOUND") from error
        except OSError as error:
            raise _failed(error) from error
        if hashlib.sha256(content).hexdigest() not in key:
            _log.error("a stored file is damaged", key=key)
            raise Internal(
                f"the stored file {key} is damaged: store its content again to mend it", reason="ARTIFACT_CORRUPT"
            )
        return content

    async def _discard(self, key: str, is_needed: IsNeeded) -> bool:
        async with self._discarding:
            return False if self._keepers else await self._remove(key, is_needed)

    async def _remove(self, key: str, is_needed: IsNeeded) -> bool:
        path = self._path(key)
        aside = path.with_name(f"{_REMOVING}{secrets.token_hex(8)}.{path.name}")  # two at once must not share it
        if await is_needed(key):
            return False
        try:
            await asyncio.to_thread(os.rename, path, aside)
            needed = await is_needed(key)
            await asyncio.to_thread(os.rename, aside, path) if needed else await asyncio.to_thread(os.unlink, aside)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _failed(error) from error
        return not needed

    def _recover(self, before: float) -> None:
        for path in self._files(before):
            if path.name.startswith(_REMOVING):
                with contextlib.suppress(FileNotFoundError):
                    path.rename(path.with_name(path.name.removeprefix(_REMOVING).partition(".")[2]))
            elif path.name.endswith(".tmp"):
                path.unlink(missing_ok=True)

    def _keys(self, before: float) -> list[str]:
        keys = [path.relative_to(self.root).as_posix() for path in self._files(before)]
        return [key for key in keys if _area_of(key)]

    def _files(self, before: float) -> list[Path]:
        return [path for area in _ENDINGS for path in _listed(self.root / area) if _is_older(path, before)]


def _listed(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []


def _is_older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _renewed(path: Path, digest: str) -> bool:
    """Make a file that holds this content as good as new: a sweep must leave it to whoever is about to name it."""
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            return False
        os.utime(path)
    except FileNotFoundError:  # there is none, or a deletion has just put it aside
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _failed(error: OSError) -> ApiError:
    _log.warning("the artifacts directory failed", error=str(error), at=time.time())
    if error.errno in _FULL:
        return ResourceExhausted("the disk of the artifacts is full; free some space and try again", reason="DISK_FULL")
    return Unavailable("the artifacts directory does not work; see the log of the server", reason="ARTIFACTS_FAILED")
