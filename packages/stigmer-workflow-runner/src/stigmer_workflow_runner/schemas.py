"""Holds data against the schemas of a document: `input.schema`, `output.schema`, `export.schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import Schema, Task
from stigmer_api.dsl.schemas import SchemaInvalidError, checked, violation
from stigmer_workflow_runner.errors import fault
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.runtime import Call
from stigmer_workflow_runner.state import Scope
from stigmer_workflow_runner.step import Step

if TYPE_CHECKING:
    from stigmer_workflow_runner.engine import Engine


READ_SECONDS: Final = 60.0
"""Seconds that reading an external schema may take."""


async def hold(step: Step, schema: Schema | None, value: Json, section: str) -> None:
    """Raise `Fault` (validation) when `value` does not fit; a schema elsewhere is read by an activity first."""
    if schema is None:
        return
    text = schema.text or await _load(step, schema.source)
    wrong = violation(text, value)
    if wrong:
        raise step.fault("validation", f"{section}.schema: {wrong}")


async def hold_workflow(engine: Engine, schema: Schema | None, value: Json, section: str) -> None:
    """The same for the input and the output of the workflow; the error's instance is `/input` or `/output`."""
    if schema is None:
        return
    task = Task(name="", kind="workflow", pointer=f"/{section}", body=None, definition={})
    frame = {"began": engine.runtime.now()}
    await hold(Step(engine, task, frame, value, Scope()), schema, value, section)


async def _load(step: Step, source: Any) -> str:
    """The text of an external schema, which stays the same for the whole execution."""
    kept: dict[str, str] = step.engine.state.root.setdefault("schemas", {})
    uri = str(source.uri.value) if source.uri.constant else ""
    if uri in kept:
        return kept[uri]
    parcel = Parcel(step)
    argument = parcel.close({"source": parcel.resource(source), "timeout": READ_SECONDS})
    pins: dict[str, Json] = step.engine.state.root.setdefault("documents", {})
    argument["pins"] = dict(pins)
    read = await step.runtime.execute(Call("load_schema", argument, READ_SECONDS, summary=f"schema {uri}"[:200]))
    pins.update(read["documents"])
    try:
        text = checked(read["output"])
    except SchemaInvalidError as error:
        raise fault("configuration", f"the schema {uri or 'of the task'}: {error}").place(step.task.pointer) from error
    if uri:
        kept[uri] = text
    return text
