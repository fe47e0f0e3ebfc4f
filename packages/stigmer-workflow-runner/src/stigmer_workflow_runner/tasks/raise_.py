"""`raise`: ends the task with an error object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_workflow_runner.document.problems import child
from stigmer_workflow_runner.document.reader import Reader
from stigmer_workflow_runner.errors import Fault, Json
from stigmer_workflow_runner.expressions import Template
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step

ERROR_KEYS: Final = ("type", "status", "instance", "title", "detail")


@dataclass(frozen=True, slots=True)
class Raise:
    """The error to raise."""

    error: Template

    async def run(self, step: Step) -> Outcome:
        """Raise it, with this task as its instance unless it names one."""
        error = step.evaluate(self.error)
        status = error.get("status")
        if isinstance(status, str) and status.isdecimal():
            error = {**error, "status": int(status)}
        elif isinstance(status, bool) or not isinstance(status, int):
            raise step.fault("expression", f"error.status must be a whole number, not {status!r}")
        if not isinstance(error.get("type"), str):
            raise step.fault("expression", f"error.type must be text, not {error.get('type')!r}")
        raise Fault({key: value for key, value in error.items() if value is not None}).place(step.task.pointer)


class RaiseType:
    """Reads `raise.error`: an object, or a name of `use.errors`."""

    keys = ("raise",)

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Raise]:
        """Compile the error."""
        place = child(pointer, "raise")
        given = reader.fields(fields["raise"], place, ("error",), required=("error",)).get("error")
        place = child(place, "error")
        named = isinstance(given, str)
        found = reader.named("errors", given, place) if given is not None else None
        if found is None:
            return "raise", Raise(Template({}))
        error = reader.fields(found, place, ERROR_KEYS, required=("type", "status"))
        status = error.get("status", 0)
        if not isinstance(status, int | str) or isinstance(status, bool):
            reader.problem(place if named else child(place, "status"), "must be a whole number")
        return "raise", Raise(reader.template(error, place))
