"""Executions that a workflow starts: create once, read, cancel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from temporalio import activity

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.normaliser import whole_numbers
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.errors import ApiError
from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_api.messages import message_class
from stigmer_api.temporal import PARENT_LABEL, WORKFLOW_EXECUTION, encode_callback, temporal_workflow_id
from stigmer_workflow_runner.activities.failures import failure, fitting, no_surprises, server_errors
from stigmer_workflow_runner.errors import error_object

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

_AGENT = "ai.stigmer.agentic.agentexecution.v1"
_WORKFLOW = "ai.stigmer.agentic.workflowexecution.v1"
MAX_ERROR = 8_000
_TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TERMINATED"})


class Children:
    """The three activities about child executions."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @activity.defn(name="start_child")
    async def start(self, argument: dict[str, Any]) -> dict[str, Any]:
        """Create the execution that `argument` describes and give its `{id}`.

        `argument`: kind (agent, workflow), name, org, parent (execution id), key, wait, and what the kind needs.
        The request id is made of parent and key, so a repeated call finds the first one's execution.
        """
        target = "agent" if argument["kind"] == "agent" else "workflow"
        doing = f"starting the {target} {argument['name']!r}"
        with no_surprises(doing), server_errors(doing):
            resource = await self._find(target, argument["name"], argument["org"])
            if target == "workflow":
                _check_version(resource, argument["version"])
            execution = _execution(argument, resource.metadata.id)
            created = await self._client.call(f"{target}_execution", "create", execution)
        return {"id": created.metadata.id}

    async def _find(self, kind: str, name: str, org: str) -> Any:
        """A resource by id or by slug in the execution's organisation."""
        row = kind_by_key(kind)
        if name.startswith(f"{row.id_prefix}-"):
            try:
                return await self._client.call(kind, "get", message_class(f"{row.package}.{row.name}Id")(value=name))
            except ApiError as error:
                if error.code != "NOT_FOUND":
                    raise
        reference: Any = message_class("ai.stigmer.commons.apiresource.ApiResourceReference")(
            org=org, kind=row.number, slug=name
        )
        return await self._client.call(kind, "getByReference", reference)

    @activity.defn(name="read_child")
    async def read(self, argument: dict[str, Any]) -> dict[str, Any]:
        """`{id, phase, terminal, error, output}` of the execution `{kind, id}`."""
        kind, execution_id = argument["kind"], argument["id"]
        package, name = (_AGENT, "Agent") if kind == "agent" else (_WORKFLOW, "Workflow")
        doing = f"reading the {kind} execution {execution_id}"
        with no_surprises(doing), server_errors(doing):
            request = message_class(f"{package}.{name}ExecutionId")(value=execution_id)
            execution = await self._client.call(f"{kind}_execution", "get", request)
            phases = execution.status.DESCRIPTOR.fields_by_name["phase"].enum_type
            phase = phases.values_by_number[execution.status.phase].name.removeprefix("EXECUTION_")
            output = _agent_output(execution) if kind == "agent" else _workflow_output(execution)
        return {
            "id": execution_id,
            "phase": phase,
            "terminal": phase in _TERMINAL,
            "error": execution.status.error[:MAX_ERROR],
            "output": fitting(output, f"the output of {execution_id}"),
        }

    @activity.defn(name="cancel_child")
    async def cancel(self, argument: dict[str, Any]) -> None:
        """Ask the server to cancel the execution `{kind, id}`; one that has ended stays as it is."""
        kind, execution_id = argument["kind"], argument["id"]
        package, name = (_AGENT, "Agent") if kind == "agent" else (_WORKFLOW, "Workflow")
        request = message_class(f"{package}.Cancel{name}ExecutionInput")(
            id=execution_id, reason="the workflow that waited for it was cancelled or timed out"
        )
        with server_errors(f"cancelling the {kind} execution {execution_id}"):
            await self._client.call(f"{kind}_execution", "cancel", request)


def _execution(argument: dict[str, Json], resource_id: str) -> Any:
    agent = argument["kind"] == "agent"
    kind = kind_by_key("agent_execution" if agent else "workflow_execution")
    execution: Any = kind.message(api_version=API_VERSION, kind=kind.name)
    execution.metadata.org = argument["org"]
    execution.metadata.name = f"{argument['name']}-{argument['key']}"[:63].rstrip("-")
    again = f"/recovery-{argument['recovery']}" if argument.get("recovery") else ""
    execution.metadata.request_id = f"{argument['parent']}{again}/{argument['key']}"
    execution.metadata.labels[PARENT_LABEL] = argument["parent"]
    if argument["wait"]:
        parent = temporal_workflow_id(WORKFLOW_EXECUTION, argument["parent"])
        execution.spec.callback_token = encode_callback(parent)
    if agent:
        execution.spec.agent_id = resource_id
        execution.spec.message = argument["message"]
        if argument["session"]:
            execution.spec.session_id = argument["session"]
        _add_options(execution.spec, argument.get("options") or {})
    else:
        execution.spec.workflow_id = resource_id
        execution.spec.input_json = json.dumps(argument["input"], ensure_ascii=False)
    return execution


def _add_options(spec: Any, options: dict[str, Json]) -> None:
    """What `call: agent` may say besides agent, message and session."""
    for name, value in (options.get("env") or {}).items():
        spec.runtime_env[name].value = value if isinstance(value, str) else json.dumps(value)
    session = {"workspace_entries": options.get("workspace") or [], "harness": options.get("harness")}
    wanted = {
        "execution_config": options.get("config") or {},
        "session_spec": {key: value for key, value in session.items() if value},
    }
    if spec.session_id:
        wanted["session_spec"] = {}  # it belongs to a session that is made now
    try:
        ParseDict({key: value for key, value in wanted.items() if value}, spec)
    except ParseError as error:
        raise failure(error_object("configuration", f"an option of the agent call is wrong: {error}")) from error


def _check_version(workflow: Any, wanted: str) -> None:
    """A document asks for a version of a workflow; the server has the newest one only."""
    if wanted == "latest":
        return
    found = workflow.spec.document.version
    if workflow.spec.source:
        try:
            found = read_text(workflow.spec.source)[1].version
        except DocumentInvalidError as error:
            raise failure(error_object("configuration", f"the workflow to run is not valid: {error}")) from error
    if found != wanted:
        detail = f"the workflow has version {found}, not {wanted}: use that, or version: latest"
        raise failure(error_object("configuration", detail))


def _agent_output(execution: Any) -> dict[str, Json]:
    descriptor: Any = message_class(f"{_AGENT}.AgentMessage").DESCRIPTOR
    ai = descriptor.fields_by_name["type"].enum_type.values_by_name["MESSAGE_AI"].number
    texts = [message.content for message in execution.status.messages if message.type == ai and message.content]
    output: dict[str, Json] = {
        "text": texts[-1] if texts else "",
        "executionId": execution.metadata.id,
        "sessionId": execution.spec.session_id,
    }
    if execution.status.HasField("structured_output"):
        output["structuredOutput"] = whole_numbers(MessageToDict(execution.status.structured_output))
    return output


def _workflow_output(execution: Any) -> Json:
    if execution.status.output_json:
        return json.loads(execution.status.output_json)
    if execution.status.HasField("output"):
        return whole_numbers(MessageToDict(execution.status.output))
    return None
