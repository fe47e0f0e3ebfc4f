"""Approvals in a status: the list of what is pending, and the marks at the calls. Pure functions."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from stigmer_agent_runner.status.messages import MAX_ARGUMENT_BYTES, capped, tool_kind
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

if TYPE_CHECKING:
    from stigmer_agent_runner.approvals.policy import Ask, Decision
    from stigmer_agent_runner.engine.protocol import ApprovalRequested


def add_pending(
    status: status_pb2.AgentExecutionStatus, event: ApprovalRequested, at: str
) -> status_pb2.PendingApproval:
    """Put a question among the pending ones; asked again it keeps its time. at: RFC 3339."""
    item = _pending(event.ask, at, event.patience)
    for known in status.pending_approvals:
        if known.request_id == item.request_id:
            item.requested_at, item.expires_at = known.requested_at, known.expires_at
            known.CopyFrom(item)
            return known
    status.pending_approvals.append(item)
    return item


def drop_pending(status: status_pb2.AgentExecutionStatus, call_id: str) -> bool:
    """Take the questions about a call away; returns whether there was one."""
    kept = [item for item in status.pending_approvals if item.tool_call_id != call_id]
    if len(kept) == len(status.pending_approvals):
        return False
    status.ClearField("pending_approvals")
    status.pending_approvals.extend(kept)
    return True


def mark_asked(call: status_pb2.ToolCall, ask: Ask, item: status_pb2.PendingApproval) -> None:
    """Show at a call that it waits for a person."""
    call.status = enum_pb2.TOOL_CALL_WAITING_APPROVAL
    call.requires_approval = True
    call.approval_message = ask.message
    call.approval_requested_at = item.requested_at
    call.approval_policy_source = ask.source
    call.args_preview = item.args_preview


def mark_given(call: status_pb2.ToolCall, decision: Decision) -> None:
    """Show at a call what a person decided."""
    call.requires_approval = True
    call.approval_action = decision.action.value
    call.approval_decided_at, call.approved_by = decision.at, decision.by


def _pending(ask: Ask, at: str, patience: float) -> status_pb2.PendingApproval:
    expires = datetime.fromisoformat(at) + timedelta(seconds=patience)
    return status_pb2.PendingApproval(
        request_id=ask.request_id,
        tool_call_id=ask.call_id,
        tool_name=ask.tool,
        message=ask.message,
        args_preview=capped(json.dumps(ask.args, ensure_ascii=False, default=str), MAX_ARGUMENT_BYTES),
        requested_at=at,
        expires_at=expires.isoformat(timespec="milliseconds").replace("+00:00", "Z") if patience else "",
        from_sub_agent=bool(ask.sub_agent),
        sub_agent_name=ask.sub_agent,
        sub_agent_subject=ask.sub_agent_subject,
        mcp_server_slug=ask.mcp_server,
        tool_kind=tool_kind(ask.tool, ask.kind),
        approval_policy_source=ask.source,
    )
