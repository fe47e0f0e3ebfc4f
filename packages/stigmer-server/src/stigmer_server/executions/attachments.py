"""Files that go into an agent execution and come out of it: attachments, and what it reports as artifacts."""

from __future__ import annotations

import asyncio
import mimetypes
from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1.io_pb2 import (
    GetArtifactContentResponse,
    UploadAttachmentResponse,
)
from stigmer_api.errors import FieldViolation, NotFound
from stigmer_api.kinds import kind_by_key
from stigmer_server.artifacts.files import ARTIFACTS, ATTACHMENTS, is_key, require_key
from stigmer_server.artifacts.needed import file_fields
from stigmer_server.artifacts.packages import PackageError, read_entry
from stigmer_server.artifacts.reading import LARGEST_FILE, cut, limit_of
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.references import Problems
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services

__all__ = ["create_execution", "get_artifact_content", "needed_files", "upload_attachment"]

_KIND = kind_by_key("agent_execution")
_UNKNOWN_TYPE = "application/octet-stream"


def needed_files(execution: Resource) -> dict[str, str]:
    """Queryable fields that name the files of an execution."""
    given, made = execution.spec.attachments, execution.status.artifacts
    if not given and not made:
        return {}
    named = [*given[:], *made[:]]
    return file_fields(item.storage_key for item in named if is_key(item.storage_key, ATTACHMENTS, ARTIFACTS))


async def upload_attachment(services: Services, request: Any) -> UploadAttachmentResponse:
    """Keep a file for an execution that is created within a day."""
    more = []
    if len(request.content) > LARGEST_FILE:
        more.append(FieldViolation("content", f"is larger than {LARGEST_FILE} bytes"))
    require_valid(request, more)
    return UploadAttachmentResponse(storage_key=await services.artifacts.put(ATTACHMENTS, request.content))


async def create_execution(services: Services, request: Any) -> Resource:
    """The generic create, once it is certain that the attachments exist."""
    problems = Problems()
    for index, attachment in enumerate(request.spec.attachments):
        field, key = f"spec.attachments[{index}].storage_key", attachment.storage_key
        if not is_key(key, ATTACHMENTS, ARTIFACTS):
            problems.wrong.append(FieldViolation(field, f"{key[:100]!r} is no storage key that an upload answered"))
        elif not await services.artifacts.exists(key):
            missing = NotFound(f"there is no file {key!r}: upload it again", metadata={"name": key})
            problems.missing.append((field, missing))
    problems.raise_if_any()
    return await services.controller.create(_KIND, request)


async def get_artifact_content(services: Services, request: Any) -> GetArtifactContentResponse:
    """A file of an execution, or one entry of it when it is a zip file, or the beginning of either."""
    require_valid(request)
    limit = limit_of(request.max_bytes)
    key = require_key(request.storage_key, "storage_key", ATTACHMENTS, ARTIFACTS)
    record = await services.repository.get(_KIND.key, request.execution_id)
    if record is None:
        raise await services.controller.missing(_KIND, request.execution_id, "")
    name, content_type = await _described(services, from_record(record), key)
    content = await services.artifacts.read(key)
    shown, total = cut(content, limit), len(content)
    if request.entry_path:
        shown, total = await _entry(content, request.entry_path, limit)
        name, content_type = request.entry_path, ""
    return GetArtifactContentResponse(
        content=shown,
        content_type=content_type or mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE,
        total_size_bytes=total,
        truncated=len(shown) < total,
    )


async def _described(services: Services, execution: Resource, key: str) -> tuple[str, str]:
    """Name and content type of a file of an execution; raises NotFound when it is none of its files."""
    for attachment in execution.spec.attachments:
        if attachment.storage_key == key:
            return attachment.filename, attachment.content_type
    for artifact in execution.status.artifacts:
        if artifact.storage_key == key:
            return artifact.name, ""
    fields = {"agent_execution_id": execution.metadata.id, **file_fields([key])}
    found = (
        await services.repository.list(ListQuery(kinds=("artifact",), fields=fields, page_size=1, counted=False))
    ).items
    if not found:
        raise NotFound(
            f"agent execution {execution.metadata.id} has no file {key!r}",
            reason="ARTIFACT_NOT_FOUND",
            metadata={"id": execution.metadata.id},
        )
    spec = from_record(found[0]).spec
    return spec.display_name, spec.content_type


async def _entry(content: bytes, path: str, limit: int) -> tuple[bytes, int]:
    try:
        found = await asyncio.to_thread(read_entry, content, path, limit)
    except PackageError as error:
        raise violation("entry_path", f"the file cannot be opened as a zip file: {error}") from error
    if found is None:
        raise NotFound(f"the zip file has no entry {path[:100]!r}", reason="ENTRY_NOT_FOUND")
    return found
