"""`do`: tasks one after the other; the output is the last one's."""

from __future__ import annotations

from stigmer_api.dsl.tasks.do import Do
from stigmer_workflow_runner.flow import Outcome, run_list
from stigmer_workflow_runner.step import Step


async def run_do(do: Do, step: Step) -> Outcome:
    """Run the list."""
    return await run_list(step.engine, do.tasks, step.frame.setdefault("b", {}), step.given, step.scope)
