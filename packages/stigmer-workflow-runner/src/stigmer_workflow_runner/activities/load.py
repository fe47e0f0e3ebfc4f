"""Reads what an execution needs from the API server, checks the document, and pins it by its hash."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

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
REMEMBERED: Final = 256
REMEMBERED_TEXT: Final = 100_000
"""Versions of workflows that are remembered, and how long the text of one may be."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A version of a workflow as its runs need it: the document as canonical JSON text, and what is asked of it.

    `head` is a document with nothing but its first part, `document`.
    """

    workflow_id: str
    head: Mapping[str, Any]
    text: str
    sha256: str
    secrets: tuple[str, ...]
    variables: tuple[str, ...]
    subscriptions: list[dict[str, str]]


class Loading:
    """The activity that starts every run. Versions are content and never change, so the last ones are remembered."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._versions: OrderedDict[tuple[str, str], Pinned] = OrderedDict()

    @activity.defn(name="load_execution")
    async def load(self, argument: dict[str, Any]) -> dict[str, Any]:
        """`{org, input, definition, sha256, workflow_id, ended, subscriptions}` of `{execution_id}`.

        `definition` is the document as canonical JSON text; `ended` is true when the execution is terminal already.
        """
        execution_id = argument["execution_id"]
        doing = f"reading the workflow execution {execution_id}"
        with no_surprises(doing), server_errors(doing):
            execution = await self._get("workflow_execution", f"{_EXECUTION}.WorkflowExecutionId", execution_id)
            pinned = await self._pinned(execution)
            await self._check_variables(execution_id, pinned)
            loaded: dict[str, Any] = {
                "org": execution.metadata.org,
                "input": input_of(execution.spec),
                "definition": pinned.text,
                "sha256": pinned.sha256,
                "workflow_id": pinned.workflow_id,
                "instance_id": execution.spec.workflow_instance_id,
                "ended": execution.status.phase in _TERMINAL,
                "subscriptions": pinned.subscriptions,
            }
            loaded.update(await self.recorded(execution, pinned))
            fitting(loaded, "the workflow with its input")
            return loaded

    async def recorded(self, _execution: Any, _pinned: Pinned) -> dict[str, Json]:
        """What else is the same for a whole run; the worker has more to say."""
        return {}

    async def _pinned(self, execution: Any) -> Pinned:
        spec, version = execution.spec, execution.status.workflow_version_hash
        key = (spec.workflow_id or spec.workflow_instance_id, version)
        known = self._versions.get(key)
        if known is not None:
            self._versions.move_to_end(key)
            return known
        pinned = await asyncio.to_thread(_pin, await self._workflow_of(execution))
        if version and len(pinned.text) <= REMEMBERED_TEXT:
            self._versions[key] = pinned
            while len(self._versions) > REMEMBERED:
                self._versions.popitem(last=False)
        return pinned

    async def _check_variables(self, execution_id: str, pinned: Pinned) -> None:
        """Nothing starts without the secrets and variables that the document asks for."""
        if pinned.secrets or pinned.variables:
            found = (await read_variables(self._client, execution_id)).texts
            secrets, variables = ([n for n in names if n not in found] for names in (pinned.secrets, pinned.variables))
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


def input_of(spec: Any) -> Json:
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


def _pin(workflow: Any) -> Pinned:
    value: Any = document_of(workflow)
    text = canonical(value)
    sha256 = digest(text)
    compiled = compile_pinned(sha256, text)
    return Pinned(
        workflow_id=workflow.metadata.id,
        head={"document": value.get("document")},
        text=text,
        sha256=sha256,
        secrets=tuple(compiled.secrets),
        variables=tuple(compiled.variables),
        subscriptions=subscriptions_of(value),
    )


def document_of(workflow: Any) -> Json:
    """The document of a workflow: the server checked it the same way when it was applied, perhaps an older server."""
    name = workflow.metadata.slug or workflow.metadata.name or workflow.metadata.id
    verdict = check_spec(workflow.spec)
    if verdict.document is None:
        why = str(DocumentInvalidError(verdict.problems)) or "it has neither a source nor tasks"
        detail = f"the workflow {name} cannot run: {why}"
        raise failure(error_object("configuration", detail, title="Invalid workflow"))
    return verdict.document
