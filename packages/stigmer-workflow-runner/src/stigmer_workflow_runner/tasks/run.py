"""`run: workflow`: another workflow as an execution of its own."""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.run import RunWorkflow
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.children import WORKFLOW, Child


async def run_workflow(target: RunWorkflow, step: Step) -> Outcome:
    """Create the execution; with `await: false` the output is the input."""
    argument: dict[str, Json] = {
        "name": target.name,
        "version": target.version,
        "input": step.evaluate(target.input),
    }
    return Outcome(await Child(WORKFLOW, argument, f"workflow {target.name}").run(step, wait=target.wait))
