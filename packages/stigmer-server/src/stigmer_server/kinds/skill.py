"""Skill: a package of instructions and files that is pushed, versioned, and read back whole."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.skill.v1.enum_pb2 import SkillState
from stigmer_api._pb.ai.stigmer.agentic.skill.v1.io_pb2 import (
    GetArtifactResponse,
    ListSkillVersionsResponse,
    SkillVersionEntry,
)
from stigmer_api.errors import AlreadyExists
from stigmer_api.kinds import kind_by_key
from stigmer_server.artifacts.files import SKILLS, require_key
from stigmer_server.artifacts.needed import discard_unneeded, file_fields
from stigmer_server.artifacts.packages import PackageError, SkillPackage, read_skill_package
from stigmer_server.artifacts.skill_text import SkillText, read_skill_text
from stigmer_server.resources import versions
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, copy_of, new_resource
from stigmer_server.resources.metadata import org_of, violation
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork
from stigmer_server.resources.version_methods import get_by_reference, list_versions

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("skill")


class SkillStrategy(ResourceStrategy):
    """Names the file that it needs; takes its versions with it."""

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        versions.remove_versions(unit, _KIND, resource.metadata.id)

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        return file_fields([resource.status.artifact_storage_key])


async def push(services: Services, request: Any) -> Resource:
    """Store a skill package as the current version of its skill, which is made when there is none.

    What is in the package decides: the same content again, zipped at another time or otherwise, is the same version.
    """
    require_valid(request, versions.check_tag(request.tag, "tag"))
    if request.artifact_upload_ref:
        raise violation("artifact_upload_ref", "this server has no upload lane: send the zip file as artifact")
    if not request.artifact:
        raise violation("artifact", "is required: the zip file of the skill")
    try:
        package, text = await asyncio.to_thread(_read, request.artifact, request.name)
    except PackageError as error:
        raise violation("artifact", str(error)) from error
    key = await services.artifacts.put(SKILLS, request.artifact)
    skill = await services.controller.run(lambda unit: _store(unit, request, package, text, key))
    if skill.status.artifact_storage_key == key:
        await services.artifacts.put(SKILLS, request.artifact)  # whatever was discarded meanwhile: now it is named
    else:
        await discard_unneeded(services.artifacts, services.repository, [key])
    return skill


def _read(artifact: bytes, given_name: str) -> tuple[SkillPackage, SkillText]:
    package = read_skill_package(artifact)
    return package, read_skill_text(package.skill_md, given_name)


def _store(unit: UnitOfWork, request: Any, package: SkillPackage, text: SkillText, key: str) -> Resource:
    pushed = _pushed(request, package, text)
    stored = unit.find_by_slug(_KIND, org_of(pushed.metadata), text.slug)
    if stored is None:
        skill = unit.create(_KIND, pushed)
    else:
        _refuse_other_name(stored, text)
        skill = copy_of(stored)
        skill.metadata.name = text.title
        skill.metadata.labels.update(request.labels)
        skill.metadata.version.CopyFrom(pushed.metadata.version)
        skill.spec.CopyFrom(pushed.spec)
    known = versions.find_known(unit, _KIND, skill.metadata.id, package.version_hash)
    if known is not None:
        skill.spec.CopyFrom(known.spec)
        audit = skill.status.audit
        known.status.audit.CopyFrom(audit)
        skill.status.CopyFrom(known.status)
    else:
        status = skill.status
        status.version_hash, status.artifact_storage_key = package.version_hash, key
        status.state = SkillState.SKILL_STATE_READY
        status.ClearField("git_provenance")
        if request.HasField("git_provenance"):
            status.git_provenance.CopyFrom(request.git_provenance)
    versions.record_version(unit, _KIND, skill, stored, file_fields([key]))
    if stored is None:
        unit.save(_KIND, skill)
    elif skill != stored:
        unit.amend(_KIND, skill)
    return skill


def _pushed(request: Any, package: SkillPackage, text: SkillText) -> Resource:
    skill = new_resource(_KIND)
    skill.metadata.name, skill.metadata.slug, skill.metadata.org = text.title, text.slug, request.org
    skill.metadata.labels.update(request.labels)
    skill.metadata.version.message, skill.metadata.version.tag = request.message, request.tag
    skill.spec.name, skill.spec.description = text.name, text.description
    skill.spec.skill_md = package.skill_md
    return skill


def _refuse_other_name(stored: Resource, text: SkillText) -> None:
    if stored.spec.name != text.name:
        raise AlreadyExists(
            f"the skill {stored.spec.name!r} has the slug {text.slug!r} already, which {text.name!r} needs too: "
            "choose another name",
            metadata={"id": stored.metadata.id, "kind": _KIND.name, "slug": text.slug},
        )


async def delete(services: Services, request: Any) -> Message:
    """Delete a skill with its versions, and the files that nothing needs any more."""
    past = await versions.all_versions(services.repository, _KIND, request.value)
    skill = await services.controller.delete(_KIND, request.value)
    keys = [version.status.artifact_storage_key for version in past]
    await discard_unneeded(services.artifacts, services.repository, keys)
    return skill


async def get_artifact(services: Services, request: Any) -> GetArtifactResponse:
    """The zip file of a version."""
    require_valid(request)
    key = require_key(request.artifact_storage_key, "artifact_storage_key", SKILLS)
    return GetArtifactResponse(artifact=await services.artifacts.read(key))


def _entry(version: Resource, current: str) -> SkillVersionEntry:
    audit, said = version.status.audit.spec_audit, version.metadata.version
    return SkillVersionEntry(
        version_hash=said.id,
        pushed_at=audit.updated_at,
        pushed_by=audit.updated_by,
        tag=said.tag,
        is_current=said.id == current,
        git_provenance=version.status.git_provenance if version.status.HasField("git_provenance") else None,
        message=said.message,
        artifact_storage_key=version.status.artifact_storage_key,
    )


REGISTRATION = Registration(
    _KIND,
    SkillStrategy(),
    unary={
        "delete": delete,
        "getArtifact": get_artifact,
        "getByReference": partial(get_by_reference, _KIND),
        "listVersions": partial(list_versions, _KIND, ListSkillVersionsResponse, _entry),
        "push": push,
    },
)
