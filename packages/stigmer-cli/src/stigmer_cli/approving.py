"""Answers approvals of tool calls, by the execution that waits or the workflow above it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stigmer_api.kinds import Kind
from stigmer_api.methods import method
from stigmer_cli import answering
from stigmer_cli.client import ServerClient, full_name
from stigmer_cli.errors import RequestFailedError, UsageError
from stigmer_cli.following.questions import described, pending_of
from stigmer_cli.output import message_to_dict, to_json, to_yaml
from stigmer_cli.running import find_execution, read_input

_WORDS = {
    "APPROVE": "approved",
    "APPROVE_ALL": "approved, with everything that this execution asks later",
    "SKIP": "skipped",
    "REJECT": "rejected",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. tool_call: empty for the only one that waits. args_json: arguments to run with, or empty."""

    tool_call: str
    action: str
    comment: str = ""
    args_json: str = ""


def read_arguments(text: str) -> str:
    """Return --args as the JSON text of an object. Raises UsageError."""
    if not text:
        return ""
    content = read_input(text)
    if not isinstance(json.loads(content), dict):
        raise UsageError("--args must be a JSON object", hint='for example: --args \'{"path": "notes.txt"}\'')
    return content


def submit(client: ServerClient, word: str, answer: Answer, form: str) -> str:
    """Answer a tool call or a task of the execution that `word` names; return what came of it. Raises CliError."""
    kind, execution = find_execution(client, word)
    task = answering.task_meant(execution, answer.tool_call)
    if task is not None:
        said = answering.yes_or_no(task, execution.metadata.id, answer.action, answer.comment)
        return answering.submit_to(client, kind, execution, said, form)
    call = answer.tool_call or _only_one(kind, execution)
    request: Any = method(kind, "submitApproval").request(
        tool_call_id=call,
        comment=answer.comment,
        edited_args_json=answer.args_json,
        action=f"APPROVAL_ACTION_{answer.action}",
    )
    key = "agent_execution_id" if kind.key == "agent_execution" else "execution_id"
    setattr(request, key, execution.metadata.id)
    after = client.call(kind, "submitApproval", request)
    if form == "name":
        return full_name(kind, after)
    if form in {"json", "yaml"}:
        body = message_to_dict(after)
        return to_json(body) if form == "json" else to_yaml(body)
    left = len(after.status.pending_approvals)
    rest = f"; {left} more wait" if left > 1 else "; one more waits" if left else ""
    return f"{call} {_WORDS[answer.action]}{rest}"


def _only_one(kind: Kind, execution: Any) -> str:
    waiting = pending_of(execution)
    if len(waiting) == 1:
        return str(waiting[0].tool_call_id)
    if not waiting:
        raise RequestFailedError(f"{full_name(kind, execution)} waits for no approval", hint=_see(execution))
    raise UsageError(f"{len(waiting)} tool calls wait: name one of them", hint=_listed(waiting))


def _see(execution: Any) -> str:
    return f"see `stigmer-ctl watch {execution.metadata.id}`"


def _listed(waiting: Sequence[Any]) -> str:
    return "; ".join(f"{item.tool_call_id}: {described(item)}" for item in waiting)
