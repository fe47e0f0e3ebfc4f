"""`switch`: the first case that is true says where to go on; the output is the input."""

from __future__ import annotations

from stigmer_api.dsl.tasks.switch import Switch
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step


async def run_switch(switch: Switch, step: Step) -> Outcome:
    """Take the first true case, else the default, else the task's own `then`."""
    chosen: str | None = None
    for case in switch.cases:
        if case.when is None:
            chosen = case.then
        elif step.test(case.when, step.given):
            return Outcome(step.given, case.then)
    return Outcome(step.given, chosen)
