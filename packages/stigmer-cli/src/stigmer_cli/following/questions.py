"""What executions ask people, in words: which tool calls wait, and the commands that answer."""

from __future__ import annotations

from typing import Any

from stigmer_cli.output import one_line

_SHOWN = 200


def pending_of(execution: Any) -> list[Any]:
    """What an execution of either kind waits for."""
    return [getattr(item, "approval", item) for item in execution.status.pending_approvals]


def described(item: Any) -> str:
    """One question in a line: the tool, what it is called with, who wants it, and why it asks."""
    who = f" of {item.sub_agent_name}" if item.from_sub_agent else ""
    why = f" ({item.message})" if item.message else ""
    return one_line(f"{item.tool_name}{who} {item.args_preview or '{}'}{why}", _SHOWN)


def how_to_answer(execution_id: str, item: Any, waiting: int) -> str:
    """The commands that answer a question; with the id of its call when several wait."""
    call = f" {item.tool_call_id}" if waiting > 1 else ""
    return f"stigmer-ctl approve {execution_id}{call}   or   stigmer-ctl reject {execution_id}{call}"
