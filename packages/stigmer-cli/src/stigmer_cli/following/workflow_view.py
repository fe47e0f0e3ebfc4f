"""Shows a workflow execution as it goes: its phases, and each task as it starts and ends."""

from __future__ import annotations

from typing import Any

from stigmer_cli.columns import phase
from stigmer_cli.following.phases import STYLES, span
from stigmer_cli.following.transcript import Transcript
from stigmer_cli.output import one_line

MAX_SHOWN = 400

_ENDED = {"COMPLETED": ("done", "green"), "FAILED": ("failed", "red"), "SKIPPED": ("skipped", "dim")}


class WorkflowView:
    """What was already shown of one workflow execution. indent: set for one that another workflow started."""

    def __init__(self, transcript: Transcript, indent: str = "") -> None:
        self._out = transcript
        self.indent = indent
        self._phase = ""
        self._tasks: dict[str, tuple[str, str, int]] = {}
        self.execution: Any = None

    def update(self, execution: Any) -> None:
        """Show what is new in a later state of the execution."""
        self.execution = execution
        now = phase(execution)
        ended = now in {"COMPLETED", "FAILED", "CANCELLED", "TERMINATED"}
        if now != self._phase and not ended and now != "UNSPECIFIED":
            self._out.line(f"workflow {now}", indent=self.indent, style=STYLES.get(now, "dim"))
        for task in execution.status.tasks:
            self._task(task)
        if now != self._phase and ended:
            text = f"workflow {now}{span(execution.status)}"
            self._out.line(text, indent=self.indent, style=STYLES[now])
            if execution.status.error:
                self._out.line(f"error: {execution.status.error}", indent=self.indent, style="red")
        self._phase = now

    @property
    def waits_for_child(self) -> bool:
        """True while a task runs that may have started another execution."""
        if self.execution is None:
            return False
        return any(
            _status(task) == "IN_PROGRESS" and task.kind.startswith(("call agent", "run workflow"))
            for task in self.execution.status.tasks
        )

    @property
    def called_others(self) -> bool:
        """True when any task may have started another execution."""
        kinds = ("call agent", "run workflow")
        return self.execution is not None and any(task.kind.startswith(kinds) for task in self.execution.status.tasks)

    def _task(self, task: Any) -> None:
        # A loop reuses the entries of its oldest iterations, so the start time is part of what a task is.
        state = (_status(task), task.started_at, task.attempt)
        before = self._tasks.get(task.task_id)
        if state == before:
            return
        self._tasks[task.task_id] = state
        name = f"{task.task_name} ({task.kind})" if task.kind else task.task_name
        retry = f", attempt {task.attempt}" if task.attempt > 1 else ""
        if state[0] == "IN_PROGRESS":
            self._out.line(f"> {name}{retry}", indent=self.indent + "  ", style="cyan")
        elif state[0] in _ENDED:
            word, style = _ENDED[state[0]]
            self._out.line(f"{_MARKS[word]} {name} {word}{span(task)}", indent=self.indent + "  ", style=style)
            if task.error:
                self._out.line(one_line(task.error, MAX_SHOWN), indent=self.indent + "    ", style="red")
        elif state[0] == "WAITING_APPROVAL":
            self._out.line(f"? {name} waits for an answer", indent=self.indent + "  ", style="yellow")
            if task.human_request.prompt:
                self._out.line(_question(task), indent=self.indent + "    ", style="yellow")


def _question(task: Any) -> str:
    """What a task asks, what it offers, and how to answer."""
    asked = task.human_request
    outcomes = " | ".join(outcome.name for outcome in asked.outcomes)
    return f"{one_line(asked.prompt, MAX_SHOWN)}  (stigmer-ctl answer ID {outcomes})"


_MARKS = {"done": "+", "failed": "x", "skipped": "-"}


def _status(task: Any) -> str:
    value = task.DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[task.status]
    return str(value.name.removeprefix("WORKFLOW_TASK_"))
