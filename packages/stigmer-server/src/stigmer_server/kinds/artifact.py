"""Artifact: a file that an execution left, kept until it expires or is deleted."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.artifact.v1.enum_pb2 import ArtifactStorageState
from stigmer_api._pb.ai.stigmer.agentic.artifact.v1.io_pb2 import GetArtifactContentResponse
from stigmer_api.errors import FieldViolation, NotFound
from stigmer_api.kinds import kind_by_key
from stigmer_server.artifacts.expiry import EXPIRES, has_expired, rfc3339
from stigmer_server.artifacts.files import ARTIFACTS, key_of
from stigmer_server.artifacts.needed import discard_unneeded, file_fields
from stigmer_server.artifacts.reading import cut
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, from_record, new_resource
from stigmer_server.resources.references import Problems, not_found
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("artifact")
_SOURCES = {
    "workflow_execution_id": kind_by_key("workflow_execution"),
    "agent_execution_id": kind_by_key("agent_execution"),
}
_MOST_DAYS = 36_500


class ArtifactStrategy(ResourceStrategy):
    """Found by the execution that made it; names its file for as long as that is stored."""

    queryable = frozenset({"workflow_execution_id", "agent_execution_id"})
    name_required = False
    unique_slugs = True
    newest_first = True

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        source = resource.spec.source
        found = {name: getattr(source, name) for name in _SOURCES}
        if _is_stored(resource):
            found |= file_fields([_key(resource)])
            found[EXPIRES] = "true" if resource.status.expires_at else ""
        return found


async def create(services: Services, request: Any) -> Resource:
    """Store content as an artifact of an execution."""
    require_valid(request, _check(request.spec))
    digest = hashlib.sha256(request.content).hexdigest()
    await services.artifacts.put(ARTIFACTS, request.content)
    artifact = await services.controller.run(lambda unit: _store(unit, request, digest))
    await services.artifacts.put(ARTIFACTS, request.content)  # whatever was discarded meanwhile: now it is named
    return artifact


def _check(spec: Any) -> list[FieldViolation]:
    found = []
    if not any(getattr(spec.source, name) for name in _SOURCES):
        found.append(FieldViolation("spec.source", f"must name the execution: {' or '.join(_SOURCES)}"))
    if not 0 <= spec.retention.ttl_days <= _MOST_DAYS:
        found.append(FieldViolation("spec.retention.ttl_days", f"must be 0 (for ever) to {_MOST_DAYS}"))
    return found


def _store(unit: UnitOfWork, request: Any, digest: str) -> Resource:
    artifact = new_resource(_KIND)
    artifact.spec.CopyFrom(request.spec)
    artifact.metadata.name = request.spec.display_name
    artifact.metadata.org = _org_of_source(unit, request.spec.source)
    artifact = unit.create(_KIND, artifact)
    status = artifact.status
    status.content_hash, status.size_bytes = digest, len(request.content)
    status.storage_state = ArtifactStorageState.storage_state_stored
    if request.spec.retention.ttl_days:
        status.expires_at = rfc3339(unit.now + timedelta(days=request.spec.retention.ttl_days))
    unit.save(_KIND, artifact)
    return artifact


def _org_of_source(unit: UnitOfWork, source: Any) -> str:
    """The org of the executions that a source names; raises NotFound for one that does not exist."""
    problems, org = Problems(), ""
    for name, kind in _SOURCES.items():
        execution_id = getattr(source, name)
        if not execution_id:
            continue
        execution = unit.find(kind, execution_id)
        if execution is None:
            problems.missing.append((f"spec.source.{name}", not_found(kind, execution_id, "", ())))
        else:
            org = execution.metadata.org
    problems.raise_if_any()
    return org


async def get_content(services: Services, request: Any) -> GetArtifactContentResponse:
    """The content, or as much of its beginning as `max_bytes` allows."""
    require_valid(request)
    record = await services.repository.get(_KIND.key, request.artifact_id)
    if record is None:
        raise await services.controller.missing(_KIND, request.artifact_id, "")
    artifact = from_record(record)
    if not _is_stored(artifact) or has_expired(artifact, datetime.now().astimezone()):
        raise NotFound(
            f"the content of {request.artifact_id} is no longer kept: it expired at {artifact.status.expires_at}",
            reason="ARTIFACT_EXPIRED",
            metadata={"id": request.artifact_id, "expires_at": artifact.status.expires_at},
        )
    content = await services.artifacts.read(_key(artifact))
    shown = cut(content, request.max_bytes)
    return GetArtifactContentResponse(
        content=shown,
        content_type=artifact.spec.content_type,
        total_size_bytes=len(content),
        truncated=len(shown) < len(content),
    )


async def delete(services: Services, request: Any) -> Resource:
    """Delete an artifact, and its file when nothing else needs it."""
    artifact = await services.controller.delete(_KIND, request.value)
    if _is_stored(artifact):
        await discard_unneeded(services.artifacts, services.repository, [_key(artifact)])
    return artifact


def _is_stored(artifact: Resource) -> bool:
    return bool(artifact.status.storage_state == ArtifactStorageState.storage_state_stored)


def _key(artifact: Resource) -> str:
    return key_of(ARTIFACTS, artifact.status.content_hash)


REGISTRATION = Registration(
    _KIND, ArtifactStrategy(), unary={"create": create, "delete": delete, "getContent": get_content}
)
