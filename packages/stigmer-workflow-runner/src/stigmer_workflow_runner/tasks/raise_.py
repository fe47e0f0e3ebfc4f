"""`raise`: ends the task with an error object."""

from __future__ import annotations

from stigmer_api.dsl.tasks.raise_ import Raise
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step


async def run_raise(raised: Raise, step: Step) -> Outcome:
    """Raise it, with this task as its instance unless it names one."""
    error = step.evaluate(raised.error)
    status = error.get("status")
    if isinstance(status, str) and status.isdecimal():
        error = {**error, "status": int(status)}
    elif isinstance(status, bool) or not isinstance(status, int):
        raise step.fault("expression", f"error.status must be a whole number, not {status!r}")
    if not isinstance(error.get("type"), str):
        raise step.fault("expression", f"error.type must be text, not {error.get('type')!r}")
    raise Fault({key: value for key, value in error.items() if value is not None}).place(step.task.pointer)
