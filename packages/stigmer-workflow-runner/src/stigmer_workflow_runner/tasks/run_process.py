"""`run: script`, `run: shell`, `run: container`: a process by an activity."""

from __future__ import annotations

from stigmer_api.dsl.tasks.run_process import RunProcess
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_openapi import send_described


async def run_process(process: RunProcess, step: Step) -> Outcome:
    """Run it to its end; with `await: false` it is only started, and the output is the input."""
    parcel = Parcel(step)
    argument = {
        "kind": process.kind,
        "fields": {name: parcel.take(template) for name, template in process.fields.items()},
        "returns": process.returns,
        "wait": process.wait,
        "language": process.language,
        "source": None if process.source is None else parcel.resource(process.source),
        "pull": process.pull,
        "cleanup": process.cleanup,
        "keep": None if process.keep is None else step.duration(process.keep),
    }
    output = await send_described("run_process", parcel.close(argument), step, f"run {process.kind}")
    return Outcome(output if process.wait else step.given)
