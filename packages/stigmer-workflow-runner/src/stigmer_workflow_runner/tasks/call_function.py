"""`call` of a function: its task runs on the arguments, and sees neither loops nor catches around the call."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from stigmer_api.dsl.definition import compile_function
from stigmer_api.dsl.model import END, Task
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.dsl.tasks.call_function import FunctionCall
from stigmer_workflow_runner import flow
from stigmer_workflow_runner.below import engine_below
from stigmer_workflow_runner.json_text import to_text
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_openapi import send_described


async def run_call_function(call: FunctionCall, step: Step) -> flow.Outcome:
    """Run the function's task in a frame of its own. Progress shows its tasks below the call."""
    frame = step.frame
    if "arguments" not in frame:
        frame["arguments"] = step.evaluate(call.arguments)
    task = call.task or await _load(call, step)
    inner = engine_below(step.engine, f"{step.task.pointer}/with", task.pointer)
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
