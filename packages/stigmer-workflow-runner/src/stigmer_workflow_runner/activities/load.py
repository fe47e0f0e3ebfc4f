"""Reads what an execution needs from the API server, checks the document, and pins it by its hash."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.dsl.strategies import subscriptions_of
from stigmer_api.errors import ApiError
from stigmer_api.kinds import kind_by_key
from stigmer_api.messages import message_class
from stigmer_api.workflows.checking import check_spec
from stigmer_workflow_runner.activities.failures import failure, fitting, no_surprises, server_errors
from stigmer_workflow_runner.activities.variables import missing, read_variables
from stigmer_workflow_runner.definition import canonical, compile_pinned, digest
from stigmer_workflow_runner.errors import error_object

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

_WORKFLOW = "ai.stigmer.agentic.workflow.v1"
_INSTANCE = "ai.stigmer.agentic.workflowinstance.v1"
_EXECUTION = "ai.stigmer.agentic.workflowexecution.v1"
_REFERENCE = "ai.stigmer.commons.apiresource.ApiResourceReference"
_KIND = kind_by_key("workflow").number


class Loading:
    """The activity that starts every run."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @activity.defn(name="load_execution")
    async def load(self, argument: dict[str, Any]) -> dict[str, Any]:
        """`{org, input, definition, sha256, workflow_id, ended, subscriptions}` of `{execution_id}`.

        `definition` is the document as canonical JSON text; `ended` is true when the execution is terminal already.
        """
        execution_id = argument["execution_id"]
        doing = f"reading the workflow execution {execution_id}"
        with no_surprises(doing), server_errors(doing):
            execution = await self._get("workflow_execution", f"{_EXECUTION}.WorkflowExecutionId", execution_id)
            workflow = await self._workflow_of(execution)
            value = await asyncio.to_thread(document_of, workflow)
            await self._check_variables(execution_id, value)
        loaded = {
            "org": execution.metadata.org,
            "input": _input_of(execution.spec),
            "definition": canonical(value),
            "sha256": digest(value),
            "workflow_id": workflow.metadata.id,
            "instance_id": execution.spec.workflow_instance_id,
            "ended": execution.status.phase in _TERMINAL,
            "subscriptions": subscriptions_of(value),
        }
        fitting(loaded, "the workflow with its input")
        return loaded

    async def _check_variables(self, execution_id: str, document: Json) -> None:
        """Nothing starts without the secrets and variables that the document asks for."""
        workflow = await asyncio.to_thread(compile_pinned, digest(document), canonical(document))
        if workflow.secrets or workflow.variables:
            found = (await read_variables(self._client, execution_id)).texts
            secrets, variables = (
                [n for n in names if n not in found] for names in (workflow.secrets, workflow.variables)
            )
            if secrets or variables:
                raise failure(error_object("authorization", missing(secrets, variables)))

    async def _get(self, kind: str, id_message: str, resource_id: str) -> Any:
        return await self._client.call(kind, "get", message_class(id_message)(value=resource_id))

    async def _workflow_of(self, execution: Any) -> Any:
        """The workflow by the execution's instance, or by the workflow it names."""
        workflow_id = execution.spec.workflow_id
        if execution.spec.workflow_instance_id:
            try:
                instance = await self._get(
                    "workflow_instance", f"{_INSTANCE}.WorkflowInstanceId", execution.spec.workflow_instance_id
                )
                workflow_id = instance.spec.workflow_id
            except ApiError as error:
                if error.code != "NOT_FOUND" or not workflow_id:
                    raise
        if not workflow_id:
            detail = "the execution names neither a workflow instance nor a workflow"
            raise failure(error_object("configuration", detail))
        workflow = await self._get("workflow", f"{_WORKFLOW}.WorkflowId", workflow_id)
        return await self._as_started(workflow, execution.status.workflow_version_hash)

    async def _as_started(self, workflow: Any, version: str) -> Any:
        """The version that the execution was created from: the workflow may have been applied again since."""
        if not version or version == workflow.status.version_hash:
            return workflow
        metadata = workflow.metadata
        reference = message_class(_REFERENCE)(org=metadata.org, slug=metadata.slug, kind=_KIND, version=version)
        return await self._client.call("workflow", "getByReference", reference)


def _terminal_phases() -> frozenset[int]:
    descriptor: Any = message_class(f"{_EXECUTION}.WorkflowExecutionStatus").DESCRIPTOR
    phases = descriptor.fields_by_name["phase"].enum_type
    names = ("COMPLETED", "FAILED", "CANCELLED", "TERMINATED")
    return frozenset(phases.values_by_name[f"EXECUTION_{name}"].number for name in names)


_TERMINAL = _terminal_phases()


def _input_of(spec: Any) -> Json:
    """The input as sent; an execution that has only a trigger message gets it as an object."""
    if spec.input_json:
        try:
            return json.loads(spec.input_json)
        except ValueError as error:
            detail = f"spec.input_json of the execution is no JSON: {error}"
            raise failure(error_object("validation", detail)) from error
    if spec.trigger_message or spec.trigger_metadata:
        return {"message": spec.trigger_message, "metadata": dict(spec.trigger_metadata)}
    return None


def document_of(workflow: Any) -> Json:
    """The document of a workflow: the server checked it the same way when it was applied, perhaps an older server."""
    name = workflow.metadata.slug or workflow.metadata.name or workflow.metadata.id
    verdict = check_spec(workflow.spec)
    if verdict.document is None:
        why = str(DocumentInvalidError(verdict.problems)) or "it has neither a source nor tasks"
        detail = f"the workflow {name} cannot run: {why}"
        raise failure(error_object("configuration", detail, title="Invalid workflow"))
    return verdict.document
