"""`wait`: a durable timer with an absolute deadline; the output is the input.

`wait: {until: <RFC 3339 time or expression>}` is ours: the uploaded task kind `wait` has it.
"""

from __future__ import annotations

from stigmer_api.dsl.tasks.wait import Wait, parse_time
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step


async def run_wait(wait: Wait, step: Step) -> Outcome:
    """Sleep. The deadline is set once, so a worker that takes over waits for the rest only."""
    if "until" not in step.frame:
        step.frame["until"] = _deadline(wait, step)
    await step.runtime.sleep_until(step.frame["until"])
    return Outcome(step.given)


def _deadline(wait: Wait, step: Step) -> float:
    if wait.duration is not None:
        return float(step.frame["began"]) + step.duration(wait.duration)
    found = step.evaluate(wait.until) if wait.until is not None else None
    try:
        return parse_time(found)
    except ValueError as error:
        raise step.fault("expression", f"wait.until: {error}") from error
