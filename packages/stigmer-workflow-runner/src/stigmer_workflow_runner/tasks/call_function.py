"""`call` of a function: its task runs on the arguments, and sees neither loops nor catches around the call."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from stigmer_api.dsl.definition import compile_function
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import END, Task
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.dsl.tasks.call_function import FunctionCall
from stigmer_workflow_runner import flow
from stigmer_workflow_runner.json_text import to_text
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_openapi import send_described

if TYPE_CHECKING:
    from stigmer_workflow_runner.engine import Engine, Observer


async def run_call_function(call: FunctionCall, step: Step) -> flow.Outcome:
    """Run the function's task in a frame of its own. Progress shows its tasks below the call."""
    frame = step.frame
    if "arguments" not in frame:
        frame["arguments"] = step.evaluate(call.arguments)
    task = call.task or await _load(call, step)
    inner = _inside(step.engine, step.task.pointer, task.pointer)
    scope = replace(step.scope, variables={})
    outcome = await flow.run_task(inner, task, frame.setdefault("f", {}), frame["arguments"], scope)
    return flow.Outcome(outcome.output, END if outcome.then == END else None)


async def _load(call: FunctionCall, step: Step) -> Task:
    """The task of a function that is a document of its own; it is read once and kept in the frame."""
    frame = step.frame
    if "definition" not in frame:
        parcel = Parcel(step)
        source = None if call.source is None else parcel.resource(call.source)
        argument = parcel.close({"source": source, "within": call.within, "name": call.name})
        frame["definition"] = await send_described("load_function", argument, step, f"function {call.name}")
    try:
        return _compiled(call.name, to_text(frame["definition"]), step.task.pointer)
    except DocumentInvalidError as error:
        raise step.fault("configuration", f"the function {call.name} cannot run: {error}") from error


@lru_cache(maxsize=64)
def _compiled(name: str, text: str, pointer: str) -> Task:
    return compile_function(name, text, pointer)


def _inside(engine: Engine, call: str, function: str) -> Engine:
    """The engine for the tasks of a function: they are shown below the call, so that two calls are two entries."""
    inner = copy.copy(engine)
    inner.observer = cast("Observer", _Below(engine.observer, call, function))
    return inner


class _Below:
    """An observer that hears of the tasks at `function` as if they were at `call`."""

    def __init__(self, outer: Any, call: str, function: str) -> None:
        self._outer, self._call, self._function = outer, call, function

    def __getattr__(self, name: str) -> Any:
        heard = getattr(self._outer, name)

        def tell(task: Task, *rest: Json, **more: Json) -> Any:
            below = task.pointer.removeprefix(self._function)
            return heard(replace(task, pointer=f"{self._call}/with{below}"), *rest, **more)

        return tell
