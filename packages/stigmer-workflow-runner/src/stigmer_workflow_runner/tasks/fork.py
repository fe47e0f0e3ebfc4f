"""`fork`: its branches run side by side over frames of their own, in this workflow: no child workflow.

Frame: `b` has for each branch its frame `f` and its `context`, and once it has ended its `out` (with `then`) or, when
branches compete, its `err`. `base` is `$context` when the fork began. A branch sees a copy of it; at the join what
branches changed is applied in the order of the document.
"""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import CONTINUE, END, EXIT, Task
from stigmer_api.dsl.tasks.fork import Fork
from stigmer_workflow_runner.branches import Work, run_beside
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.flow import Outcome, run_task
from stigmer_workflow_runner.state import Frame
from stigmer_workflow_runner.step import Step


async def run_fork(fork: Fork, step: Step) -> Outcome:
    """Run what has not ended. A fault of a branch cancels the others; competing branches fail only all together.

    A branch that ends the workflow (`then: end`) ends its siblings too, and its output is the output.
    """
    frame, tasks = step.frame, fork.branches.tasks
    if "b" not in frame:
        frame["base"] = step.context
        frame["b"] = [{"f": {}, "context": step.context} for _ in tasks]
    states: list[Frame] = frame["b"]
    works = [
        _work(step, task, state, fork.compete)
        for task, state in zip(tasks, states, strict=True)
        if "out" not in state and "err" not in state
    ]
    decisive = _winner if fork.compete else _ender
    if decisive(states) is None:
        await run_beside(step.runtime, works, fork.concurrency, lambda: decisive(states) is not None)
    return _joined(fork, step, states)


def _work(step: Step, task: Task, state: Frame, compete: bool) -> Work:
    async def run() -> None:
        await step.engine.safe_point()
        scope = step.scope.branched(state)
        try:
            outcome = await run_task(step.engine, task, state["f"], step.given, scope)
        except Fault as error:
            if not compete:
                raise
            state["err"] = error.error
            return
        state["f"] = {}
        state["then"] = _target(step, task, outcome)
        state["out"] = outcome.output

    return run


def _target(step: Step, task: Task, outcome: Outcome) -> str:
    """Where a branch leads: out of the workflow, or to the join."""
    then = outcome.then or task.then
    if then not in (CONTINUE, EXIT, END):
        raise step.fault("configuration", f"the branch {task.name!r} cannot go on at {then!r}: branches do not follow")
    return then


def _winner(states: list[Frame]) -> Frame | None:
    """The branch that was first to end well; several that ended in one step are taken in the order of the document."""
    return next((state for state in states if "out" in state), None)


def _ender(states: list[Frame]) -> Frame | None:
    return next((state for state in states if state.get("then") == END), None)


def _joined(fork: Fork, step: Step, states: list[Frame]) -> Outcome:
    base = step.frame["base"]
    single = _winner(states) if fork.compete else _ender(states)
    if single is not None:
        step.context = single["context"]
        return Outcome(single["out"], END if single["then"] == END else None)
    if fork.compete:
        raise Fault(states[0]["err"])
    context = base
    for state in states:
        context = merged(context, base, state["context"])
    step.context = context
    return Outcome([state["out"] for state in states])


def merged(now: Json, base: Json, branch: Json) -> Json:
    """`now` with what a branch changed: keys of an object one by one, anything else as a whole."""
    if branch == base:
        return now
    if not (isinstance(now, dict) and isinstance(base, dict) and isinstance(branch, dict)):
        return branch
    changed = {key: value for key, value in branch.items() if key not in base or base[key] != value}
    removed = base.keys() - branch.keys()
    return {**{key: value for key, value in now.items() if key not in removed}, **changed}
