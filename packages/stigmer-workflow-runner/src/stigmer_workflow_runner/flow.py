"""What all tasks share: `if`, `input.from`, `timeout`, `output.as`, `export.as`, `then`; and lists of tasks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stigmer_api.dsl.errors import DslError, Json
from stigmer_api.dsl.model import CONTINUE, END, EXIT, Task, TaskList
from stigmer_workflow_runner import schemas
from stigmer_workflow_runner.errors import Fault, RunnerError, error_object
from stigmer_workflow_runner.runtime import DeadlineReachedError, Drain
from stigmer_workflow_runner.state import Frame, Scope
from stigmer_workflow_runner.step import Step

if TYPE_CHECKING:
    from stigmer_workflow_runner.engine import Engine


_UNEXPECTED = (
    ArithmeticError,
    AttributeError,
    DslError,
    LookupError,
    RecursionError,
    RunnerError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task or a list gives. `then` is the directive that the task itself chose, None for the task's own."""

    output: Json
    then: str | None = None


async def run_list(engine: Engine, tasks: TaskList, frame: Frame, value: Json, scope: Scope) -> Outcome:
    """Run a list from `frame` on. The outcome's `then` is `end` when the whole workflow should end."""
    if "i" not in frame:
        frame["i"], frame["v"] = 0, value
    while frame["i"] < len(tasks.tasks):
        await engine.safe_point()
        task = tasks.tasks[frame["i"]]
        outcome = await run_task(engine, task, frame.setdefault("c", {}), frame["v"], scope)
        del frame["c"]
        frame["v"] = outcome.output
        then = outcome.then or task.then
        if then == CONTINUE:
            frame["i"] += 1
        elif then == EXIT:
            frame["left"] = True
            break
        elif then == END:
            return Outcome(frame["v"], END)
        else:
            frame["i"] = tasks.index[then]
    return Outcome(frame["v"])


async def run_task(engine: Engine, task: Task, frame: Frame, raw: Json, scope: Scope) -> Outcome:
    """Run one task from `frame` on: `raw` is the output of the task before it.

    Raises:
        Fault: with `instance` set.
        Drain: with `frame` ready to be run again.
    """
    observer, runtime = engine.observer, engine.runtime
    try:
        if "began" not in frame:
            frame["began"] = runtime.now()
            early = Step(engine, task, frame, raw, scope)
            if task.condition is not None and not early.test(task.condition, raw):
                observer.skipped(task, scope, frame["began"])
                return Outcome(raw, CONTINUE)
            if task.timeout is not None:
                frame["deadline"] = frame["began"] + early.duration(task.timeout)
            await schemas.hold(early, task.input_schema, raw, "input")
            frame["input"] = raw if task.input_from is None else early.filter(task.input_from, raw)
            observer.started(task, scope, frame["began"], frame["input"])
        step = Step(engine, task, frame, frame["input"], scope)
        outcome = await _run_body(step)
        output = await _after(step, outcome.output)
    except Fault as error:
        error.place(task.pointer)
        observer.failed(task, scope, (frame["began"], runtime.now()), error.error)
        raise
    except asyncio.CancelledError:
        observer.cancelled(task, scope, (frame["began"], runtime.now()))
        raise
    observer.completed(task, scope, (frame["began"], runtime.now()), (frame["input"], output))
    return Outcome(output, outcome.then)


async def _run_body(step: Step) -> Outcome:
    work = _guarded(step)
    if "deadline" not in step.frame:
        return await work
    try:
        return await step.runtime.race(work, step.frame["deadline"])
    except DeadlineReachedError as error:
        raise step.fault("timeout", f"the task {step.task.name!r} took longer than its timeout") from error


async def _guarded(step: Step) -> Outcome:
    """Run the body; an unexpected exception is a fault of this task, because Temporal would retry it for ever."""
    try:
        outcome = await step.engine.run_body(step)
    except (Fault, Drain, DeadlineReachedError):
        raise
    except _UNEXPECTED as error:
        detail = f"{type(error).__name__} in the runner: {error}"
        raise Fault(error_object("runtime", detail)) from error
    return outcome


async def _after(step: Step, raw: Json) -> Json:
    task = step.task
    output = raw if task.output_as is None else step.filter(task.output_as, raw)
    await schemas.hold(step, task.output_schema, output, "output")
    if task.export_as is not None:
        exported = step.binding(output=output).filter(task.export_as, output)
        await schemas.hold(step, task.export_schema, exported, "export")
        step.context = exported
    elif task.export_schema is not None:
        await schemas.hold(step, task.export_schema, step.context, "export")
    return output
