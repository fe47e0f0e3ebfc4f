"""Iterations of a `for` that are independent of one another: some at a time, in order in the output, errors or not.

Frame: `items`, `base` (`$context` when the loop began), and `b` with one frame for each iteration as in `fork`.
"""

from __future__ import annotations

from collections.abc import Sequence

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import END
from stigmer_api.dsl.tasks.for_ import CONTINUE, FAIL, Apart, For
from stigmer_workflow_runner.branches import Work, run_beside
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.flow import Outcome, run_list
from stigmer_workflow_runner.state import Frame
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.fork import merged


async def run_apart(loop: For, apart: Apart, step: Step) -> Outcome:
    """Run what has not ended. An iteration that ends the workflow (`then: end`) ends the others too."""
    frame = step.frame
    if "b" not in frame:
        frame["base"] = step.context
        frame["b"] = [{"f": {}, "context": step.context} for _ in frame["items"]]
    states: list[Frame] = frame["b"]
    size = apart.batch or max(1, len(states))
    for start in range(0, len(states), size):
        numbers = [n for n in range(start, min(start + size, len(states))) if not _over(states[n])]
        works = [_work(loop, apart, step, number) for number in numbers]
        if _ender(states) is None:
            await run_beside(step.runtime, works, apart.concurrency, lambda: _ender(states) is not None)
    return _joined(apart, step, states)


def _work(loop: For, apart: Apart, step: Step, number: int) -> Work:
    state: Frame = step.frame["b"][number]

    async def run() -> None:
        await step.engine.safe_point()
        scope = step.scope.branched(state).bind({loop.each: step.frame["items"][number], loop.at: number}, number)
        try:
            outcome = await run_list(step.engine, loop.tasks, state["f"], step.given, scope)
        except Fault as error:
            if apart.on_error == FAIL:
                raise
            state["err"], state["f"] = error.error, {}
            return
        state["f"] = {}
        state["out"] = outcome.output
        if outcome.then == END:
            state["then"] = END

    return run


def _over(state: Frame) -> bool:
    return "out" in state or "err" in state


def _ender(states: Sequence[Frame]) -> Frame | None:
    return next((state for state in states if state.get("then") == END), None)


def _joined(apart: Apart, step: Step, states: Sequence[Frame]) -> Outcome:
    ender = _ender(states)
    if ender is not None:
        step.context = ender["context"]
        return Outcome(ender["out"], END)
    base = context = step.frame["base"]
    results: list[Json] = []
    for state in states:
        if "out" in state:
            context = merged(context, base, state["context"])
            results.append(state["out"])
        elif apart.on_error == CONTINUE:
            results.append({"error": state["err"]})
    step.context = context
    return Outcome(results)
