"""Workflow: has a default WorkflowInstance, and a source that is looked at before it is stored.

The look is shallow: whether the source is a workflow document at all. What its tasks mean is the runner's to judge.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.serverless.enum_pb2 import ValidationState
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.serverless.io_pb2 import ServerlessWorkflowValidation
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.spec_pb2 import WorkflowSpec
from stigmer_api.errors import FieldViolation
from stigmer_api.kinds import kind_by_key
from stigmer_api.validation import violations
from stigmer_server.resources.default_instance import delete_default_instance, ensure_default_instance
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork
from stigmer_server.yaml_text import BadYaml, parse_yaml

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("workflow")
_INSTANCE = kind_by_key("workflow_instance")
_DOCUMENT_FIELDS = ("dsl", "namespace", "name", "version")
_LARGEST_SOURCE = 1024 * 1024


class WorkflowStrategy(ResourceStrategy):
    """Makes and deletes the default instance together with the workflow; pins the definition by hash."""

    def check(self, resource: Resource) -> list[FieldViolation]:
        return check_source(resource.spec.source)

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        _complete(resource)

    def created(self, unit: UnitOfWork, resource: Resource) -> None:
        ensure_default_instance(unit, resource, _INSTANCE, "workflow_id")

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        _complete(resource)

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        delete_default_instance(unit, resource, _INSTANCE)


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
    """Make spec.document say what the source says, and pin the definition by its hash."""
    spec = workflow.spec
    if spec.source:
        document = _parsed(spec.source)["document"]
        for name in _DOCUMENT_FIELDS:
            setattr(spec.document, name, document[name])
        spec.document.description = str(document.get("summary") or spec.document.description)
    definition = WorkflowSpec()
    definition.CopyFrom(spec)
    definition.ClearField("description")
    workflow.status.version_hash = hashlib.sha256(definition.SerializeToString(deterministic=True)).hexdigest()


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


REGISTRATION = Registration(_KIND, WorkflowStrategy(), unary={"validateSpec": validate_spec})
