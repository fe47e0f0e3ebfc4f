"""Workflow: has a default WorkflowInstance, and a source that is looked at before it is stored.

The look is shallow: whether the source is a workflow document at all. What its tasks mean is the runner's to judge.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.io_pb2 import (
    ListWorkflowVersionsResponse,
    WorkflowVersionEntry,
)
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.serverless.enum_pb2 import ValidationState
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.serverless.io_pb2 import ServerlessWorkflowValidation
from stigmer_api.errors import FieldViolation
from stigmer_api.kinds import kind_by_key
from stigmer_api.validation import violations
from stigmer_server.resources import versions
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.default_instance import ensure_default_instance
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import Dependent, ResourceStrategy, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork
from stigmer_server.resources.version_methods import get_by_reference, list_versions
from stigmer_server.yaml_text import BadYaml, parse_yaml

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("workflow")
_INSTANCE = kind_by_key("workflow_instance")
_DOCUMENT_FIELDS = ("dsl", "namespace", "name", "version")
_LARGEST_SOURCE = 1024 * 1024


class WorkflowStrategy(ResourceStrategy):
    """Makes the default instance together with the workflow, which takes it along; keeps every spec as a version."""

    dependents = (
        Dependent("workflow_execution", "workflow_id", WhenDeleted.KEEP),
        Dependent("workflow_instance", "workflow_id", WhenDeleted.REFUSE, owned_as="default_instance_id"),
    )

    def check(self, resource: Resource) -> list[FieldViolation]:
        found = [*check_source(resource.spec.source), *versions.check_version(resource)]
        return found or _check_numbers(resource)

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        _complete(resource)

    def created(self, unit: UnitOfWork, resource: Resource) -> None:
        ensure_default_instance(unit, resource, _INSTANCE, "workflow_id")
        versions.record_version(unit, _KIND, resource, None)

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        _complete(resource)
        versions.record_version(unit, _KIND, resource, stored)

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        versions.remove_versions(unit, _KIND, resource.metadata.id)


def check_source(source: str) -> list[FieldViolation]:
    """What keeps a source from being a workflow document; nothing for an empty one (then tasks are given)."""
    if not source:
        return []
    if len(source.encode()) > _LARGEST_SOURCE:
        return [FieldViolation("spec.source", f"is larger than {_LARGEST_SOURCE // 1024} KiB")]
    try:
        content = _parsed(source)
    except BadYaml as error:
        return [FieldViolation("spec.source", f"is not valid YAML: {error}")]
    if not isinstance(content, dict):
        return [FieldViolation("spec.source", "must be a mapping with `document` and `do`")]
    return [*_check_document(content.get("document")), *_check_do(content.get("do"))]


def _check_document(document: Any) -> list[FieldViolation]:
    if not isinstance(document, dict):
        return [FieldViolation("spec.source", "document: is required and must be a mapping")]
    found = []
    for name in _DOCUMENT_FIELDS:
        value = document.get(name)
        if not isinstance(value, str) or not value:
            hint = f"; write it in quotes: '{value}'" if isinstance(value, int | float) else ""
            found.append(FieldViolation("spec.source", f"document.{name}: must be a text{hint}"))
    return found


def _check_do(tasks: Any) -> list[FieldViolation]:
    if not isinstance(tasks, list) or not tasks:
        return [FieldViolation("spec.source", "do: must be a list of at least one task")]
    return [
        FieldViolation("spec.source", f"do[{index}]: must be a mapping of one task name to its task")
        for index, task in enumerate(tasks)
        if not isinstance(task, dict) or len(task) != 1
    ]


def _complete(workflow: Resource) -> None:
    """Make spec.document say what the source says, and pin the spec by its hash."""
    spec = workflow.spec
    if spec.source:
        document = _parsed(spec.source)["document"]
        for name in _DOCUMENT_FIELDS:
            setattr(spec.document, name, document[name])
        spec.document.description = str(document.get("summary") or spec.document.description)
    workflow.status.version_hash = versions.spec_hash(spec)


def _check_numbers(workflow: Resource) -> list[FieldViolation]:
    try:
        versions.spec_hash(workflow.spec)
    except ValueError as error:
        return [FieldViolation("spec", f"has a number that JSON does not have: {error}")]
    return []


@lru_cache(maxsize=16)
def _parsed(source: str) -> Any:
    """The content of a source, parsed once for the check before the transaction and for the work inside it."""
    return parse_yaml(source)


async def validate_spec(_services: Services, request: Any) -> ServerlessWorkflowValidation:
    """Judge a workflow without storing it: VALID, or INVALID with every error."""
    if not request.HasField("spec"):
        request.spec.SetInParent()
    found = [*violations(request), *check_source(request.spec.source)]
    answer = ServerlessWorkflowValidation(
        state=ValidationState.INVALID if found else ValidationState.VALID,
        errors=[f"{item.field}: {item.description}" for item in found],
        yaml=request.spec.source,
    )
    answer.validated_at.GetCurrentTime()
    return answer


async def tag_version(services: Services, request: Any) -> Resource:
    """Name a version; a tag that another version had moves. Doing it again changes nothing."""
    require_valid(request, versions.check_tag(request.tag, "tag"))

    def work(unit: UnitOfWork) -> Resource:
        workflow = unit.require(_KIND, request.workflow_id)
        before = workflow.metadata.version.tag
        if not versions.move_tag(unit, _KIND, workflow, request.version_hash, request.tag):
            raise versions.missing_version(_KIND, workflow, request.version_hash)
        if workflow.metadata.version.tag != before:
            unit.amend(_KIND, workflow)
        return workflow

    return await services.controller.run(work)


async def get_version(services: Services, request: Any) -> WorkflowVersionEntry:
    """One version by its hash."""
    require_valid(request)
    record = await services.repository.get(_KIND.key, request.workflow_id)
    if record is None:
        raise await services.controller.missing(_KIND, request.workflow_id, "")
    workflow = from_record(record)
    found = await versions.find_version(services.repository, _KIND, record.id, request.version_hash)
    if found is None:
        raise versions.missing_version(_KIND, workflow, request.version_hash)
    return _entry(versions.version_of_record(_KIND, found), workflow.status.version_hash)


def _entry(version: Resource, current: str) -> WorkflowVersionEntry:
    audit, said = version.status.audit.spec_audit, version.metadata.version
    return WorkflowVersionEntry(
        version_hash=said.id,
        applied_at=audit.updated_at,
        applied_by=audit.updated_by,
        tag=said.tag,
        is_current=said.id == current,
        message=said.message,
        validated_yaml=version.spec.source,
    )


REGISTRATION = Registration(
    _KIND,
    WorkflowStrategy(),
    unary={
        "getByReference": partial(get_by_reference, _KIND),
        "getVersion": get_version,
        "listVersions": partial(list_versions, _KIND, ListWorkflowVersionsResponse, _entry),
        "tagVersion": tag_version,
        "validateSpec": validate_spec,
    },
)
