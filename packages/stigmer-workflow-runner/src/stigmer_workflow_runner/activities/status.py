"""Reports progress to the API server: one `updateStatus` with what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.struct_pb2 import Struct
from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_api.errors import ResourceExhausted
from stigmer_api.messages import message_class
from stigmer_api.methods import EVENT_SERVICE
from stigmer_workflow_runner.activities.beside import Beside
from stigmer_workflow_runner.activities.failures import no_surprises, server_errors
from stigmer_workflow_runner.excerpts import truncated
from stigmer_workflow_runner.lifecycle import cloud_events

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient

_TOO_LARGE = "larger than max"
"""What gRPC's own refusal of a large message says; a limit of the server's business says something else."""

MAX_KEY: Final = 200
"""Characters of a lifecycle event's id that are its key at the server; a longer one is hashed."""

MAX_STRUCT = 1_000_000
"""Characters of an output that the published field has as well: a Struct of many values takes seconds to build."""

MAX_SHOWN = 8 * 1024
"""Characters of what a question is about that the event log shows."""

_PACKAGE = "ai.stigmer.agentic.workflowexecution.v1"

# The wire's task kinds (WorkflowTaskKind) by the DSL's; a plain `do` has none.
_WIRE_KINDS: Mapping[str, str] = {
    "set": "set_vars",
    "call http": "http_call",
    "call openapi": "http_call",
    "call grpc": "grpc_call",
    "call agent": "agent_call",
    "switch": "switch_case",
    "for": "for_each",
    "try": "try_catch",
    "wait": "wait",
    "raise": "raise_error",
    "fork": "fork",
    "listen": "listen",
    "emit": "emit_event",
    "call human": "human_input",
    "call llm": "llm_call",
    "call eval": "eval",
    "call validate": "validate",
    "call notify": "notification",
    "run workflow": "run_workflow",
}


class Reporting:
    """Sends reports of `progress.Progress`: by the activity, and `beside` history."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self.beside = Beside(self._deliver)

    @activity.defn(name="report_progress")
    async def report(self, report: dict[str, Any]) -> None:
        """Send one report. The server drops what it has already, so sending twice changes nothing."""
        doing = f"reporting on the workflow execution {report['execution_id']}"
        with no_surprises(doing), server_errors(doing):
            await self.beside.settle(report, last=bool(report["completed_at"]))

    async def _deliver(self, report: dict[str, Json]) -> None:
        request = to_request(report)
        try:
            await self._client.call("workflow_execution", "updateStatus", request, timeout=10.0)
        except ResourceExhausted as error:
            if _TOO_LARGE not in error.message:
                raise
            _reduce(request, error.message)
            await self._client.call("workflow_execution", "updateStatus", request, timeout=10.0)
        if report.get("lifecycle"):
            await self._tell(report)

    async def _tell(self, report: Mapping[str, Any]) -> None:
        """Publish the lifecycle events of a report, each once: the server knows the id of one that comes again."""
        run = report["lifecycle"]
        for event in report["events"]:
            for found in cloud_events(event, run, report["execution_id"]):
                key = str(found["id"])
                request = message_class("stigmer.runtime.v1.PublishEventRequest")(
                    org=run["org"],
                    event_json=json.dumps(found),
                    request_id=f"lifecycle/{key if len(key) <= MAX_KEY else hashlib.sha256(key.encode()).hexdigest()}",
                )
                await self._client.call(EVENT_SERVICE, "Publish", request, timeout=10.0)


def _reduce(request: Any, why: str) -> None:
    """Make a report fit that the server's limit of messages refuses, and would refuse for ever."""
    status = request.status
    if status.output_json:
        status.phase = enum_number(status, "phase", "EXECUTION_FAILED")
        status.error = f"the output of the workflow ({len(status.output_json)} characters) does not fit: {why}"
        status.ClearField("output_json")
        status.ClearField("output")
    for task in status.tasks:
        task.input_json = task.output_json = ""


def to_request(report: Mapping[str, Json]) -> Any:
    """The `WorkflowExecutionUpdateStatusInput` of a report."""
    request: Any = message_class(f"{_PACKAGE}.WorkflowExecutionUpdateStatusInput")(
        execution_id=report["execution_id"], sequence=report["sequence"]
    )
    status = request.status
    status.phase = enum_number(status, "phase", f"EXECUTION_{report['phase']}")
    status.sequence = report["sequence"]
    for key in ("started_at", "completed_at", "error", "output_json", "temporal_workflow_id", "workflow_version_hash"):
        if report.get(key):
            setattr(status, key, report[key])
    for attributes in report.get("subscriptions", []):
        status.subscriptions.add(attributes=attributes)
    _fill_output(status)
    for task in report["tasks"]:
        _add_task(status, task)
    for event in report["events"]:
        _add_event(request, event)
    return request


def _fill_output(status: Any) -> None:
    """Give an output that is an object to clients that read the published field, a Struct, as well.

    A Struct cannot hold all JSON (half surrogate pairs, huge integers): then `output_json` alone has it.
    """
    if len(status.output_json) > MAX_STRUCT:
        return
    output = json.loads(status.output_json) if status.output_json else None
    if isinstance(output, dict):
        try:
            status.output.update(output)
        except (ValueError, OverflowError):
            status.ClearField("output")


def _add_task(status: Any, task: Mapping[str, Json]) -> None:
    added = status.tasks.add(error=task.get("error", ""))
    added.task_type = enum_number(added, "task_type", f"WORKFLOW_TASK_{task['task_type']}")
    added.status = enum_number(added, "status", f"WORKFLOW_TASK_{task['status']}")
    for key in ("task_id", "task_name", "started_at", "completed_at", "input_json", "output_json"):
        setattr(added, key, task[key])
    added.attempt, added.kind, added.pointer = task["attempt"], task["kind"], task["pointer"]
    if task.get("request"):
        _fill_request(added.human_request, task["request"])
        added.ui_hint = task.get("ui_hint", "")
    if task["iterations"]:
        metadata = Struct()
        metadata.update({"iterations": task["iterations"]})
        added.metadata.CopyFrom(metadata)


def _fill_request(request: Any, asked: Mapping[str, Json]) -> None:
    """What a task asks of people, for those who check and show it."""
    request.id, request.prompt, request.timeout_at = asked["id"], asked["prompt"], asked["timeout_at"]
    request.approvers.extend(asked["approvers"])
    for outcome in asked["outcomes"]:
        request.outcomes.add(name=outcome["name"], label=outcome["label"])
    if asked["form"] is not None:
        request.form_schema_json = json.dumps(asked["form"])
    if asked["payload"] is not None:
        request.payload_json = truncated(asked["payload"])


def _fill_approval_requested(payload: Any, asked: Mapping[str, Json]) -> None:
    """The published form of the same, in Structs; what they cannot hold is left out."""
    payload.prompt, payload.ui_hint, payload.timeout_seconds = asked["prompt"], asked["ui_hint"], asked["seconds"]
    payload.approvers.extend(asked["approvers"])
    for outcome in asked["outcomes"]:
        payload.outcomes.add(name=outcome["name"], label=outcome["label"])
    try:
        if asked["form"] is not None:
            payload.form_schema.update(asked["form"])
        if asked["payload"] is not None and len(json.dumps(asked["payload"])) <= MAX_SHOWN:
            ParseDict(asked["payload"], payload.payload)
    except (ValueError, OverflowError, ParseError):
        payload.ClearField("payload")


def _add_event(request: Any, event: Mapping[str, Json]) -> None:
    added = request.events.add(event_id=event["event_id"], occurred_at=event["at"], task_name=event["task_name"])
    added.event_type = enum_number(added, "event_type", event["type"])
    payload = getattr(added, event["type"])
    payload.SetInParent()
    fields = payload.DESCRIPTOR.fields_by_name
    if event["type"] == "approval_requested":
        _fill_approval_requested(payload, event["request"])
        return
    for name, value in _payload_of(event).items():
        if name in fields and value not in (None, ""):
            setattr(payload, name, enum_number(payload, name, value) if fields[name].enum_type else value)


def _payload_of(event: Mapping[str, Json]) -> dict[str, Json]:
    """Every payload field this event can fill; those its message does not have are dropped."""
    attempt = event.get("attempt", 1)
    values: dict[str, Json] = {
        "task_kind": _WIRE_KINDS.get(event["kind"]),
        "duration_ms": event.get("duration_ms"),
        "error": event.get("error"),
        "attempt_number": attempt,
        "reason": event.get("reason"),
        "delay_ms": event.get("delay_ms"),
        "child_execution_id": event.get("child"),
        "outcome": event.get("outcome"),
        "auto_resolved": event.get("auto_resolved"),
        **{f"event_{name}": str(value) for name, value in event.get("emitted", {}).items()},
        "workflow_id": event.get("workflow_id"),
        "workflow_instance_id": event.get("workflow_instance_id"),
    }
    if event["type"] == "task_retrying":
        values["failed_attempt"], values["next_attempt"] = attempt - 1, attempt
    if event.get("phase"):
        values["agent_phase"] = f"EXECUTION_{event['phase']}"
    return values


def enum_number(message: Any, field: str, name: str) -> int:
    """The number of an enum value by its name on the wire."""
    values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_name
    return int(values[name].number)
