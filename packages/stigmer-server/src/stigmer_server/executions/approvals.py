"""Answers of people to tool calls of agents that wait for approval: checked, recorded once, and passed on.

The decision is stored with the execution; Temporal only carries a nudge, so arguments never enter its history.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2
from stigmer_api.errors import FailedPrecondition
from stigmer_api.kinds import Kind, kind_by_key
from stigmer_api.temporal import APPROVAL_DECIDED, PARENT_LABEL, ApprovalDecided
from stigmer_server.executions import phases
from stigmer_server.executions.controls import impossible
from stigmer_server.executions.decisions import decision_of_call, record_decision, request_id_of
from stigmer_server.executions.mirroring import mirror_pending
from stigmer_server.executions.outbox import enqueue_signal, save_execution
from stigmer_server.executions.times import rfc3339
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.metadata import ACTOR, violation
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["submit", "submit_in_workflow"]

_AGENT_EXECUTION = kind_by_key("agent_execution")
_WORKFLOW_EXECUTION = kind_by_key("workflow_execution")
_YES = frozenset({enum_pb2.APPROVAL_ACTION_APPROVE, enum_pb2.APPROVAL_ACTION_APPROVE_ALL})
_LARGEST_ARGS = 256 * 1024
_MOST_CHILDREN = 1000


async def submit(kind: Kind, services: Services, request: Any) -> Resource:
    """Answer a tool call of an agent. The same answer again changes nothing, another one is refused."""
    _check(request)

    def work(unit: UnitOfWork) -> Resource:
        execution = unit.require(kind, request.agent_execution_id)
        return _decide(unit, execution, request)

    return await services.controller.run(work)


async def submit_in_workflow(kind: Kind, services: Services, request: Any) -> Resource:
    """Answer a tool call of an agent that a workflow waits for, by the workflow's execution."""
    _check(request)

    def work(unit: UnitOfWork) -> Resource:
        execution = unit.require(kind, request.execution_id)
        child = _child(unit, kind, execution, request.tool_call_id)
        _decide(unit, child, request)
        shown = unit.require(kind, request.execution_id)
        if shown != execution:
            unit.save(kind, shown)  # what is returned is what is written, with its revision
        return shown

    return await services.controller.run(work)


def _check(request: Any) -> None:
    require_valid(request)
    text = request.edited_args_json
    if not text:
        return
    if request.action not in _YES:
        raise violation("edited_args_json", "needs the action APPROVE or APPROVE_ALL: the call runs with them")
    if len(text.encode()) > _LARGEST_ARGS:
        raise violation("edited_args_json", f"must have at most {_LARGEST_ARGS} bytes")
    try:
        fits = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        raise violation("edited_args_json", "must be a JSON object: the arguments by name")


def _decide(unit: UnitOfWork, execution: Resource, request: Any) -> Resource:
    pending = [item for item in execution.status.pending_approvals if item.tool_call_id == request.tool_call_id]
    if not pending:
        return _decided_before(execution, request)
    was = phases.phase_of(execution)
    _record(unit, execution, request, pending[0], edited=request.edited_args_json)
    if request.action == enum_pb2.APPROVAL_ACTION_APPROVE_ALL:
        for item in list(execution.status.pending_approvals):
            if request_id_of(item) == item.tool_call_id:  # whether to repeat an interrupted call is asked each time
                _record(unit, execution, request, item)
    number = len(execution.status.approval_event_stream.events)
    enqueue_signal(unit, _AGENT_EXECUTION, execution, APPROVAL_DECIDED, ApprovalDecided(request.tool_call_id, number))
    save_execution(unit, _AGENT_EXECUTION, execution, was=was)
    mirror_pending(unit, execution)
    return execution


def _record(
    unit: UnitOfWork, execution: Resource, request: Any, item: status_pb2.PendingApproval, edited: str = ""
) -> None:
    decision = status_pb2.ApprovalDecision(
        approval_request_id=request_id_of(item),
        action=request.action,
        decided_at=rfc3339(unit.now),
        decided_by=ACTOR,
        comment=request.comment,
        edited_args_json=edited,
    )
    record_decision(execution, decision)


def _decided_before(execution: Resource, request: Any) -> Resource:
    """The execution when this very answer was given before; raises FailedPrecondition otherwise."""
    made = decision_of_call(execution, request.tool_call_id)
    if made is not None and (made.action, made.edited_args_json) == (request.action, request.edited_args_json):
        return execution
    if made is not None:
        action = enum_pb2.ApprovalAction.Name(made.action).removeprefix("APPROVAL_ACTION_").lower()
        raise FailedPrecondition(
            f"the tool call {request.tool_call_id!r} was answered already: {action} by {made.decided_by} at"
            f" {made.decided_at}",
            reason="APPROVAL_ALREADY_DECIDED",
            metadata={"id": execution.metadata.id, "action": action},
        )
    if phases.phase_of(execution) in phases.TERMINAL:
        raise impossible(_AGENT_EXECUTION, execution)
    pending = [item.tool_call_id for item in execution.status.pending_approvals]
    raise _not_pending(_AGENT_EXECUTION, execution, request.tool_call_id, pending)


def _child(unit: UnitOfWork, kind: Kind, execution: Resource, tool_call_id: str) -> Resource:
    """The agent execution that asks about a tool call, or asked: a repeated answer finds it too."""
    shown = execution.status.pending_approvals
    ids = {item.child_agent_execution_id for item in shown if item.approval.tool_call_id == tool_call_id}
    ids = {child for child in ids if child} or _children_that_asked(unit, execution, tool_call_id)
    if len(ids) > 1:
        raise FailedPrecondition(
            f"several agents wait with a tool call {tool_call_id!r}: answer at one of {', '.join(sorted(ids))}",
            reason="APPROVAL_AMBIGUOUS",
        )
    found = unit.find(_AGENT_EXECUTION, ids.pop()) if ids else None
    if found is not None:
        return found
    if phases.phase_of(execution) in phases.TERMINAL:
        raise impossible(kind, execution)
    raise _not_pending(kind, execution, tool_call_id, [item.approval.tool_call_id for item in shown])


def _children_that_asked(unit: UnitOfWork, execution: Resource, tool_call_id: str) -> set[str]:
    """Agents below a workflow execution, at whatever depth, that got an answer about a tool call."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [execution.metadata.id]
    while waiting and len(seen) < _MOST_CHILDREN:
        parent = waiting.pop()
        seen.add(parent)
        for record in unit.tx.list(_children(parent)).items:
            if record.kind != _AGENT_EXECUTION.key:
                waiting.extend({record.id} - seen)
            elif decision_of_call(from_record(record), tool_call_id) is not None:
                found.add(record.id)
    return found


def _children(parent_id: str) -> ListQuery:
    return ListQuery(
        kinds=(_AGENT_EXECUTION.key, _WORKFLOW_EXECUTION.key),
        labels={PARENT_LABEL: parent_id},
        page_size=_MOST_CHILDREN,
        newest_first=True,
        counted=False,
    )


def _not_pending(kind: Kind, execution: Resource, tool_call_id: str, pending: list[str]) -> FailedPrecondition:
    waiting = f"waits for an answer to {', '.join(pending)}" if pending else "waits for no answer"
    return FailedPrecondition(
        f"the tool call {tool_call_id!r} awaits no approval: {kind.name} {execution.metadata.id} {waiting}",
        reason="APPROVAL_NOT_PENDING",
        metadata={"id": execution.metadata.id, "pending": ",".join(pending[:20])},
    )
