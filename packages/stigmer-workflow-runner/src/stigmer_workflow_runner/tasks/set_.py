"""`set`: the output is a new value. In memory only."""

from __future__ import annotations

from stigmer_api.dsl.tasks.set_ import Set
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step


async def run_set(given: Set, step: Step) -> Outcome:
    """Evaluate the value."""
    return Outcome(step.evaluate(given.value))
