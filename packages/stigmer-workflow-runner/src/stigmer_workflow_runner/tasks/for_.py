"""`for`: runs its tasks once per item, each iteration on the output of the one before; in memory, no child workflow."""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.for_ import For
from stigmer_workflow_runner.flow import Outcome, run_list
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.apart import run_apart


async def run_for(loop: For, step: Step) -> Outcome:
    """Iterate from the frame on. The output is the last iteration's; without items it is the input."""
    frame = step.frame
    if "items" not in frame:
        items = step.filter(loop.items, step.given)
        if not isinstance(items, list):
            raise step.fault("expression", f"for.in must give a list, not {_kind(items)}")
        frame["items"], frame["n"], frame["v"] = items, 0, step.given
    if loop.apart is not None:
        return await run_apart(loop, loop.apart, step)
    while frame["n"] < len(frame["items"]):
        scope = step.scope.bind({loop.each: frame["items"][frame["n"]], loop.at: frame["n"]}, frame["n"])
        inner = Step(step.engine, step.task, frame, step.given, scope)
        if "b" not in frame:
            await step.engine.safe_point()
            if loop.condition is not None and not inner.test(loop.condition, frame["v"]):
                break
        outcome = await run_list(step.engine, loop.tasks, frame.setdefault("b", {}), frame["v"], scope)
        del frame["b"]
        frame["v"], frame["n"] = outcome.output, frame["n"] + 1
        if outcome.then is not None:
            return outcome
    return Outcome(frame["v"])


def _kind(value: Json) -> str:
    return "null" if value is None else {dict: "an object", str: "text", bool: "a boolean"}.get(type(value), "a number")
