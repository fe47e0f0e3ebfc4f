"""Runs the tasks of extensions around the body of a task.

They see the extended task as `$task`. What they give is dropped, unless `before`
leaves with `exit`: then that is the output, and neither the task nor what comes after it runs.

Frame `x`: `on` are the indexes of those that apply, `b<n>` and `a<n>` their lists, `out` what the body gave.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import END, TaskList
from stigmer_workflow_runner import flow
from stigmer_workflow_runner.below import engine_below
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.state import Frame
from stigmer_workflow_runner.step import Step


async def run_extended(step: Step, body: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """What `body` gives, or what an extension gives in its place."""
    frame = step.frame.setdefault("x", {})
    if "on" not in frame:
        frame["on"] = [index for index in range(len(step.task.extensions)) if _applies(step, index)]
    if "out" not in frame:
        for index in frame["on"]:
            left = await _run(step, frame, index, "before", step.given)
            if left is not None:
                return left
        outcome = await body()
        frame["out"] = {"value": outcome.output, "then": outcome.then}
    output: Json = frame["out"]["value"]
    for index in reversed(frame["on"]):
        left = await _run(step, frame, index, "after", output)
        if left is not None and left.then == END:
            return left
    return Outcome(output, frame["out"]["then"])


def _applies(step: Step, index: int) -> bool:
    when = step.task.extensions[index].when
    return when is None or step.test(when, step.given)


async def _run(step: Step, frame: Frame, index: int, which: str, value: Json) -> Outcome | None:
    """Run one list; gives how the task ends when the list says so."""
    extension = step.task.extensions[index]
    tasks: TaskList | None = extension.before if which == "before" else extension.after
    if tasks is None:
        return None
    described: dict[str, Json] = step.lookup("task")
    if which == "after":
        described["output"] = value
    own = f"{extension.pointer}/{which}"
    engine = engine_below(step.engine, f"{step.task.pointer}/{extension.name}/{which}", own)
    scope = replace(step.scope, variables={"task": described})
    here = frame.setdefault(f"{which[0]}{index}", {})
    outcome = await flow.run_list(engine, tasks, here, value, scope)
    if outcome.then == END:
        return outcome
    return Outcome(outcome.output) if here.get("left") else None
