"""Files that come with a message and files that an agent leaves: into the workspace before a run, listed after it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import stat
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import structlog

from stigmer_agent_runner.errors import ResolveError, ToolError
from stigmer_agent_runner.events import ArtifactsFound, Notice
from stigmer_agent_runner.tools.workspace import Entry, Workspace, parts_of, shown
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2
from stigmer_api.errors import ApiError, DeadlineExceeded, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from stigmer_agent_runner.engine.protocol import Emit, Segment
    from stigmer_agent_runner.redaction import Redactor
    from stigmer_agent_runner.server import Server
    from stigmer_agent_runner.tools.tool import Tool
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import spec_pb2

__all__ = ["FileExchange", "attachment_note", "mount_path"]

_log = structlog.get_logger(__name__)

FOLDER = "/attachments"
"""Where attachments lie that name no place of their own."""

MAX_ARTIFACTS = 100
MAX_ARTIFACT_BYTES = 5 * 1024 * 1024
"""Larger files are listed without their content."""

_MAX_ENTRIES = 2_000
_MAX_UNPACKED = 200 * 1024 * 1024
_ATTEMPTS = 5
_TICK = 0.05
"""Seconds that surely differ in the time stamps of a file system."""

_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
_PRIVATE = frozenset({".stigmer", ".git", ".venv", "node_modules", "__pycache__"})
"""Folders whose files are not listed: what tools keep for themselves."""


def mount_path(attachment: spec_pb2.Attachment) -> str:
    """Where an attachment lies in the workspace; for one that is unpacked, the folder. Raises ResolveError."""
    name = PurePosixPath(attachment.filename).stem if attachment.extract else attachment.filename
    wanted = attachment.mount_path or f"{FOLDER}/{name}"
    if wanted.endswith("/") and not attachment.extract:
        wanted += attachment.filename
    try:
        parts = parts_of(wanted)
    except ToolError as error:
        raise ResolveError(f"the mount_path of attachment {attachment.filename!r}: {error}") from error
    if not parts and not attachment.extract:
        raise ResolveError(f"the mount_path of attachment {attachment.filename!r} names no file")
    return shown(parts)


def attachment_note(attachments: Sequence[spec_pb2.Attachment], references: Sequence[str]) -> str:
    """What a model is told about the files of a message; empty when there are none."""
    brought = [mount_path(item) + ("/" if item.extract else "") for item in attachments]
    parts = [f"With the message came files: {', '.join(brought)}."] if brought else []
    parts += [f"The message refers to files of the workspace: {', '.join(references)}."] if references else []
    return " ".join(parts)


class FileExchange:
    """A ToolSource without tools: it brings attachments in when a segment opens, and lists files when it closes."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @contextlib.asynccontextmanager
    async def open(self, segment: Segment, emit: Emit) -> AsyncIterator[Sequence[Tool]]:
        """See ToolSource. Attachments are written once: what the agent makes of them stays over its segments."""
        exchange = _Exchange(self._server, segment, emit)
        await exchange.bring()
        try:
            yield ()
        finally:
            await exchange.collect()


@dataclass(frozen=True, slots=True)
class _Exchange:
    server: Server
    segment: Segment
    emit: Emit

    @property
    def marker(self) -> Path:
        """Made when the attachments are there: what is as old or younger, the agent wrote."""
        return self.segment.paths.root / "executions" / self.segment.execution_id

    async def bring(self) -> None:
        """Write the attachments of the execution into the workspace."""
        if await asyncio.to_thread(self.marker.exists):
            return
        for attachment in self.segment.attachments:
            content = await self._content(attachment)
            try:
                await asyncio.to_thread(self._place, attachment, content)
            except ToolError as error:
                raise ResolveError(f"attachment {attachment.filename!r}: {error}", kind="attachment_invalid") from error
        if self.segment.attachments:
            await asyncio.sleep(_TICK)
        await asyncio.to_thread(self.marker.parent.mkdir, mode=0o700, exist_ok=True)
        await asyncio.to_thread(self.marker.touch, mode=0o600)

    async def _content(self, attachment: spec_pb2.Attachment) -> bytes:
        for attempt in range(_ATTEMPTS):
            try:
                return await self.server.attachment(self.segment.execution_id, attachment.storage_key)
            except NotFound as error:
                text = f"attachment {attachment.filename!r} does not exist (any more): upload it again"
                raise ResolveError(text, kind="attachment_missing") from error
            except (Unavailable, DeadlineExceeded):
                if attempt == _ATTEMPTS - 1:
                    raise
                await asyncio.sleep(2**attempt / 4)
        raise AssertionError("the last attempt returns or raises")

    def _place(self, attachment: spec_pb2.Attachment, content: bytes) -> None:
        workspace, path = Workspace(self.segment.paths.workspace), mount_path(attachment)
        if not attachment.extract:
            workspace.write_bytes(path, content)
            return
        for name, data in _unpacked(content):
            workspace.write_bytes(f"{path}/{name}", data)

    async def collect(self) -> None:
        """Tell which files the execution left; one that cannot be kept is listed without content."""
        try:
            entries = await asyncio.to_thread(self._written)
        except (ToolError, OSError) as error:
            self.emit(Notice("artifacts", f"The files of the workspace are not listed: {error}"))
            return
        if len(entries) > MAX_ARTIFACTS:
            self.emit(Notice("artifacts", f"{len(entries)} files were written; the first {MAX_ARTIFACTS} are listed."))
        found = [await self._artifact(entry) for entry in entries[:MAX_ARTIFACTS]]
        if found:
            self.emit(ArtifactsFound(tuple(found)))

    def _written(self) -> list[Entry]:
        since = self.marker.stat().st_mtime
        entries = Workspace(self.segment.paths.workspace).walk()
        return [entry for entry in entries if entry.modified >= since and not _PRIVATE & set(entry.path.split("/"))]

    async def _artifact(self, entry: Entry) -> status_pb2.ExecutionArtifact:
        artifact = status_pb2.ExecutionArtifact(
            name=entry.path.rpartition("/")[2],
            sandbox_path=entry.path,
            kind=enum_pb2.EXECUTION_ARTIFACT_KIND_FILE,
            size_bytes=entry.size,
            created_at=datetime.fromtimestamp(entry.modified, UTC).isoformat(timespec="seconds"),
        )
        if not 0 < entry.size <= MAX_ARTIFACT_BYTES:
            return artifact
        try:
            content = await asyncio.to_thread(self._clean, entry)
            if content is not None:
                artifact.content_hash = hashlib.sha256(content).hexdigest()
                artifact.size_bytes = len(content)
                artifact.storage_key = await self.server.keep_file(artifact.name, content)
        except (ToolError, ApiError) as error:
            _log.warning("file of a run was not kept", error=type(error).__name__)
        return artifact

    def _clean(self, entry: Entry) -> bytes | None:
        """The content without secrets; None for one that holds a secret and is no text."""
        content = Workspace(self.segment.paths.workspace).read_bytes(entry.path)
        return _without_secrets(content, self.segment.redactor)


def _without_secrets(content: bytes, redactor: Redactor) -> bytes | None:
    if not redactor:
        return content
    try:
        return redactor.text(content.decode("utf-8")).encode()
    except UnicodeDecodeError:
        text = content.decode("utf-8", errors="replace")
        return content if redactor.text(text) == text else None


def _unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a zip file. ToolError for what no honest one has."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            if len(entries) > _MAX_ENTRIES or sum(info.file_size for info in entries) > _MAX_UNPACKED:
                raise ToolError(f"has more than {_MAX_ENTRIES} files or {_MAX_UNPACKED} bytes")
            for info in entries:
                name = info.filename
                mode = info.external_attr >> 16
                if name.startswith("/") or "\\" in name or ".." in name.split("/") or stat.S_ISLNK(mode):
                    raise ToolError(f"has the entry {name[:100]!r}, which leads elsewhere")
                with archive.open(info) as file:
                    yield name, file.read(info.file_size + 1)[: info.file_size]
    except _BROKEN_ZIP as error:
        raise ToolError(f"is no zip file that can be unpacked: {error}") from error
