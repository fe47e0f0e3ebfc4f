"""Answers tasks of workflows that wait for a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.json_format import ParseDict

from stigmer_api.kinds import Kind
from stigmer_api.methods import method
from stigmer_cli.client import ServerClient, full_name
from stigmer_cli.errors import RequestFailedError, UsageError
from stigmer_cli.output import message_to_dict, to_json, to_yaml
from stigmer_cli.running import find_execution, read_input

_WAITING = 6
"""WORKFLOW_TASK_WAITING_APPROVAL"""


_YES: Final = ("approve", "approved", "yes", "accept", "ok")
_NO: Final = ("deny", "reject", "denied", "rejected", "no")


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """One answer. task: name or id, empty for the only one that waits. form: JSON text of an object, or empty."""

    task: str
    outcome: str
    form: str = ""
    comment: str = ""
    reviewer: str = ""


def waiting_tasks(execution: Any) -> list[Any]:
    """The tasks of a workflow execution that wait for a person and have no answer yet; other kinds have none."""
    tasks = getattr(execution.status, "tasks", ())
    return [task for task in tasks if task.status == _WAITING and not task.HasField("human_answer")]


def read_form(text: str) -> str:
    """Return --form as the JSON text of an object. Raises UsageError."""
    if not text:
        return ""
    content = read_input(text)
    if not isinstance(json.loads(content), dict):
        raise UsageError("--form must be a JSON object", hint="for example: --form '{\"amount\": 3}'")
    return content


def submit(client: ServerClient, word: str, answer: TaskAnswer, form: str) -> str:
    """Answer a task of the workflow execution that `word` names, and return what came of it. Raises CliError."""
    kind, execution = find_execution(client, word)
    return submit_to(client, kind, execution, answer, form)


def task_meant(execution: Any, word: str) -> Any:
    """The waiting task that `approve EXECUTION [WORD]` means, or None when it means a tool call of an agent."""
    waiting = waiting_tasks(execution)
    if word:
        return next((task for task in waiting if word in {task.task_id, task.task_name}), None)
    return waiting[0] if len(waiting) == 1 and not execution.status.pending_approvals else None


def yes_or_no(task: Any, word: str, action: str, comment: str) -> TaskAnswer:
    """The answer that `action` (APPROVE or REJECT) is to what the task offers. Raises UsageError."""
    offered = [outcome.name for outcome in task.human_request.outcomes]
    names = {"APPROVE": _YES, "REJECT": _NO}.get(action, ())
    outcome = next((name for name in names if name in offered), "")
    if not outcome:
        raise UsageError(
            f"the task {task.task_name!r} offers {', '.join(offered)}",
            hint=f"stigmer-ctl answer {word} OUTCOME --task {task.task_id}",
        )
    return TaskAnswer(task.task_id, outcome, comment=comment)


def submit_to(client: ServerClient, kind: Kind, execution: Any, answer: TaskAnswer, form: str) -> str:
    """The same for an execution that was read already."""
    if kind.key != "workflow_execution":
        hint = "tool calls of agents are answered with `stigmer-ctl approve` and `stigmer-ctl reject`"
        raise UsageError(f"{execution.metadata.id!r} is no workflow execution", hint=hint)
    task = answer.task or _only_one(full_name(kind, execution), waiting_tasks(execution))
    request: Any = method(kind, "submitWorkflowTaskApproval").request(
        execution_id=execution.metadata.id,
        task_name=task,
        outcome=answer.outcome,
        comment=answer.comment,
        reviewer=answer.reviewer,
    )
    if answer.form:
        ParseDict(json.loads(answer.form), request.form_data)
    after = client.call(kind, "submitWorkflowTaskApproval", request)
    if form == "name":
        return full_name(kind, after)
    if form in {"json", "yaml"}:
        body = message_to_dict(after)
        return to_json(body) if form == "json" else to_yaml(body)
    left = len(waiting_tasks(after))
    rest = f"; {left} more wait" if left > 1 else "; one more waits" if left else ""
    return f"{task} answered: {answer.outcome}{rest}"


def _only_one(name: str, waiting: list[Any]) -> str:
    if len(waiting) == 1:
        return str(waiting[0].task_id)
    if not waiting:
        raise RequestFailedError(f"{name} waits for no answer", hint="see `stigmer-ctl describe`")
    raise UsageError(
        f"{len(waiting)} tasks wait: name one of them with --task", hint="; ".join(_described(task) for task in waiting)
    )


def _described(task: Any) -> str:
    outcomes = ", ".join(outcome.name for outcome in task.human_request.outcomes)
    return f"{task.task_id}: {task.human_request.prompt} ({outcomes})"
