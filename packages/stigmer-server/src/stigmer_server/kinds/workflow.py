"""Workflow: has a default WorkflowInstance, versions, and a spec that is judged whole before it is stored.

What is wrong with a spec is `stigmer_api.workflows`' to say, for the command line and the runner too.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.io_pb2 import (
    GetTaskKindRegistryResponse,
    ListWorkflowVersionsResponse,
    WorkflowVersionEntry,
)
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.serverless.enum_pb2 import ValidationState
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.serverless.io_pb2 import ServerlessWorkflowValidation
from stigmer_api.errors import FieldViolation
from stigmer_api.kinds import kind_by_key
from stigmer_api.validation import violations
from stigmer_api.workflows.checking import Verdict, check_spec, warnings_of
from stigmer_api.workflows.registry import task_kind_registry
from stigmer_server.resources import versions
from stigmer_server.resources.controller import in_thread, require_valid
from stigmer_server.resources.default_instance import ensure_default_instance
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import Dependent, ResourceStrategy, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork
from stigmer_server.resources.version_methods import get_by_reference, list_versions
from stigmer_server.schedules.triggers import awaiting_fields
from stigmer_server.schedules.workflows import follow_schedule, forget_schedule

__all__ = ["REGISTRATION", "get_task_kind_registry"]

_KIND = kind_by_key("workflow")
_INSTANCE = kind_by_key("workflow_instance")
_DOCUMENT_FIELDS = ("dsl", "namespace", "name", "version")


class WorkflowStrategy(ResourceStrategy):
    """Makes the default instance together with the workflow, which takes it along; keeps every spec as a version."""

    dependents = (
        Dependent("workflow_execution", "workflow_id", WhenDeleted.KEEP),
        Dependent("workflow_instance", "workflow_id", WhenDeleted.REFUSE, owned_as="default_instance_id"),
    )

    slow_check = True

    def check(self, resource: Resource) -> list[FieldViolation]:
        return _judge(resource)[1]

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        _complete(resource)

    def created(self, unit: UnitOfWork, resource: Resource) -> None:
        ensure_default_instance(unit, resource, _INSTANCE, "workflow_id")
        versions.record_version(unit, _KIND, resource, None)
        follow_schedule(unit, resource)

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        _complete(resource, stored)
        versions.record_version(unit, _KIND, resource, stored)
        follow_schedule(unit, resource, stored)

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        versions.remove_versions(unit, _KIND, resource.metadata.id)
        forget_schedule(unit, resource)

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        return awaiting_fields(resource)


def _complete(workflow: Resource, stored: Resource | None = None) -> None:
    """Pin the spec by its hash and say that it was found valid: only such a one gets here."""
    status = workflow.status
    status.version_hash = versions.spec_hash(workflow.spec)
    if stored is not None and stored.status.version_hash == status.version_hash and _is_judged(stored):
        return  # applying the same again changes nothing, not even the time
    verdict = Verdict(warnings=warnings_of(workflow.spec))
    status.serverless_workflow_validation.CopyFrom(_answer(workflow.spec, verdict, []))


def _is_judged(workflow: Resource) -> bool:
    return bool(workflow.status.serverless_workflow_validation.state == ValidationState.VALID)


def _check_numbers(workflow: Resource) -> list[FieldViolation]:
    try:
        versions.spec_hash(workflow.spec)
    except ValueError as error:
        return [FieldViolation("spec", f"has a number that JSON does not have: {error}")]
    return []


def _judge(workflow: Resource) -> tuple[Verdict, list[FieldViolation]]:
    """What `check_spec` says, and everything that is wrong. A good source fills in spec.document."""
    verdict = check_spec(workflow.spec)
    found = [*verdict.violations, *versions.check_version(workflow)]
    if verdict.from_source and verdict.document is not None:
        head = verdict.document["document"]
        for name in _DOCUMENT_FIELDS:
            setattr(workflow.spec.document, name, head[name])
        workflow.spec.document.description = str(head.get("summary") or workflow.spec.document.description)
    return verdict, found or _check_numbers(workflow)


async def validate_spec(_services: Services, request: Any) -> ServerlessWorkflowValidation:
    """Judge a workflow without storing it: VALID, or INVALID with every error that applying it would name."""
    if not request.HasField("spec"):
        request.spec.SetInParent()
    verdict, found = await in_thread(_judge, request)
    return _answer(request.spec, verdict, [*violations(request), *found])


def _answer(spec: Any, verdict: Verdict, found: list[FieldViolation]) -> ServerlessWorkflowValidation:
    answer = ServerlessWorkflowValidation(
        state=ValidationState.INVALID if found else ValidationState.VALID,
        errors=[f"{item.field}: {item.description}" for item in found],
        warnings=verdict.warnings,
        yaml=spec.source,
    )
    answer.validated_at.GetCurrentTime()
    return answer


async def get_task_kind_registry(_services: Services, _request: Any) -> GetTaskKindRegistryResponse:
    """Describe every task kind and its fields, from what tasks are checked against."""
    return task_kind_registry()


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
