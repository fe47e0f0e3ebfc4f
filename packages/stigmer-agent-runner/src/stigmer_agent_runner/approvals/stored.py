"""Reads the rules and decisions of an execution from what the server stores of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from stigmer_agent_runner.approvals.policy import Action, Approvals, Decision
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import api_pb2 as execution_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import status_pb2


def approvals_of(execution: execution_pb2.AgentExecution, patience: float) -> Approvals:
    """The approvals of an execution. patience: seconds after which a question counts as refused; 0: never."""
    events = execution.status.approval_event_stream.events
    mode = execution.spec.execution_config.approval_mode
    return Approvals(
        approve_all=execution.spec.auto_approve_all,
        unattended=mode == enum_pb2.APPROVAL_MODE_UNATTENDED,
        decisions={
            event.approval_request_id: _decision(event.decided) for event in events if event.HasField("decided")
        },
        patience=patience,
    )


def expired(execution: execution_pb2.AgentExecution, now: str) -> Iterator[str]:
    """The tool calls whose question has waited too long at `now` (RFC 3339)."""
    for item in execution.status.pending_approvals:
        if item.expires_at and _moment(item.expires_at) <= _moment(now):
            yield item.tool_call_id


def seconds_left(status: status_pb2.AgentExecutionStatus, now: str) -> float:
    """Seconds until the first pending question expires, at least one; 0 when none ever does."""
    ends = [_moment(item.expires_at) for item in status.pending_approvals if item.expires_at]
    return max(1.0, (min(ends) - _moment(now)).total_seconds()) if ends else 0.0


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _decision(stored: status_pb2.ApprovalDecision) -> Decision:
    return Decision(
        action=Action(stored.action),
        by=stored.decided_by,
        at=stored.decided_at,
        comment=stored.comment,
        args=json.loads(stored.edited_args_json) if stored.edited_args_json else None,
    )
