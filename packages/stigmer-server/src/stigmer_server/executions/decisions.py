"""The record of what an agent asked people and what they answered: `status.approval_event_stream`.

Only the server writes it. What is pending comes from the runner's reports, and the record follows from that; a decision
comes from a person and wins over every report that did not know it yet. Pure: no store, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2
from stigmer_server.executions import phases
from stigmer_server.executions.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from stigmer_server.resources.envelope import Resource

__all__ = ["decided", "decision_of_call", "follow_pending", "record_decision", "request_id_of"]

_DECIDED = {
    enum_pb2.APPROVAL_ACTION_APPROVE: enum_pb2.APPROVAL_EVENT_TYPE_APPROVED,
    enum_pb2.APPROVAL_ACTION_APPROVE_ALL: enum_pb2.APPROVAL_EVENT_TYPE_APPROVED,
    enum_pb2.APPROVAL_ACTION_REJECT: enum_pb2.APPROVAL_EVENT_TYPE_REJECTED,
    enum_pb2.APPROVAL_ACTION_SKIP: enum_pb2.APPROVAL_EVENT_TYPE_SKIPPED,
}
_COPIED = (
    "tool_call_id",
    "requested_at",
    "tool_name",
    "message",
    "args_preview",
    "from_sub_agent",
    "sub_agent_name",
    "sub_agent_subject",
    "mcp_server_slug",
    "tool_kind",
    "approval_policy_source",
)


def request_id_of(pending: status_pb2.PendingApproval) -> str:
    """The id of the question that is pending."""
    return str(pending.request_id or pending.tool_call_id)


def decided(execution: Resource) -> dict[str, status_pb2.ApprovalDecision]:
    """The decisions by the id of their question."""
    events = execution.status.approval_event_stream.events
    return {event.approval_request_id: event.decided for event in events if event.HasField("decided")}


def decision_of_call(execution: Resource, tool_call_id: str) -> status_pb2.ApprovalDecision | None:
    """The last decision about a tool call."""
    made = [decision for call, decision in _calls_with_decisions(execution) if call == tool_call_id]
    return made[-1] if made else None


def record_decision(execution: Resource, decision: status_pb2.ApprovalDecision) -> None:
    """Note a decision; its question is no longer pending."""
    _add(execution, decision.approval_request_id, _DECIDED[decision.action], decision.decided_at, decision)
    _keep_pending(execution, lambda item: request_id_of(item) != decision.approval_request_id)


def follow_pending(execution: Resource, now: datetime) -> bool:
    """Bring the record in line with what is pending after a report or an end; returns whether that changed anything.

    What was decided already is not pending, whatever an older report said; an execution that has ended waits for
    nobody.
    """
    status = execution.status
    if not status.pending_approvals and not status.HasField("approval_event_stream"):
        return False  # most executions never ask
    at = rfc3339(now)
    known = decided(execution)
    over = phases.phase_of(execution) in phases.TERMINAL
    _keep_pending(execution, lambda item: not over and request_id_of(item) not in known)
    asked = _open(execution)
    pending = {request_id_of(item): item for item in execution.status.pending_approvals}
    for request_id, item in pending.items():
        if request_id not in asked:
            request = status_pb2.ApprovalRequest(approval_request_id=request_id)
            for name in _COPIED:
                setattr(request, name, getattr(item, name))
            _add(execution, request_id, enum_pb2.APPROVAL_EVENT_TYPE_REQUESTED, at, request)
    for request_id in asked.keys() - pending.keys():
        _add(execution, request_id, enum_pb2.APPROVAL_EVENT_TYPE_RETRACTED, at, _retraction(asked[request_id], at))
    if known:
        _stamp(execution)
    return asked.keys() != pending.keys()


def _open(execution: Resource) -> dict[str, status_pb2.ApprovalRequest]:
    """The questions that were asked and neither answered nor taken back."""
    found: dict[str, status_pb2.ApprovalRequest] = {}
    for event in execution.status.approval_event_stream.events:
        if event.HasField("requested"):
            found[event.approval_request_id] = event.requested
        else:
            found.pop(event.approval_request_id, None)
    return found


def _retraction(request: status_pb2.ApprovalRequest, now: str) -> status_pb2.ApprovalRetraction:
    reason = (
        enum_pb2.APPROVAL_RETRACTION_REASON_SUB_AGENT_TERMINAL
        if request.from_sub_agent
        else enum_pb2.APPROVAL_RETRACTION_REASON_SUPERSEDED
    )
    return status_pb2.ApprovalRetraction(
        approval_request_id=request.approval_request_id, reason=reason, retracted_at=now
    )


def _add(execution: Resource, request_id: str, kind: enum_pb2.ApprovalEventType, at: str, payload: Any) -> None:
    stream = execution.status.approval_event_stream
    stream.execution_id = execution.metadata.id
    event = stream.events.add(
        event_id=f"{execution.metadata.id}/approval-{len(stream.events) + 1}",
        approval_request_id=request_id,
        event_type=kind,
        timestamp=at,
    )
    if isinstance(payload, status_pb2.ApprovalRequest):
        event.requested.CopyFrom(payload)
    elif isinstance(payload, status_pb2.ApprovalRetraction):
        event.retracted.CopyFrom(payload)
    else:
        event.actor = payload.decided_by
        event.decided.CopyFrom(payload)


def _keep_pending(execution: Resource, wanted: Any) -> None:
    pending = execution.status.pending_approvals
    kept = [item for item in pending if wanted(item)]
    if len(kept) != len(pending):
        execution.status.ClearField("pending_approvals")
        execution.status.pending_approvals.extend(kept)


def _calls_with_decisions(execution: Resource) -> Iterator[tuple[str, status_pb2.ApprovalDecision]]:
    """The tool call that each decision is about, in order."""
    events = execution.status.approval_event_stream.events
    calls = {event.approval_request_id: event.requested.tool_call_id for event in events if event.HasField("requested")}
    for event in events:
        if event.HasField("decided"):
            yield calls.get(event.approval_request_id, event.approval_request_id), event.decided


def _stamp(execution: Resource) -> None:
    """Show each decision at its tool call: a runner reports messages whole and may not know it yet."""
    made = dict(_calls_with_decisions(execution))
    lists = [execution.status.messages, *(agent.messages for agent in execution.status.sub_agent_executions)]
    for message in (message for messages in lists for message in messages):
        for call in message.tool_calls:
            decision = made.get(call.id)
            if decision is not None:
                call.approval_action = decision.action
                call.approval_decided_at = decision.decided_at
                call.approved_by = decision.decided_by
