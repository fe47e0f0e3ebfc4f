"""`set`: the output is a new value. In memory only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_workflow_runner.document.problems import child
from stigmer_workflow_runner.document.reader import Reader
from stigmer_workflow_runner.errors import Json
from stigmer_workflow_runner.expressions import Template, is_expression
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.step import Step


@dataclass(frozen=True, slots=True)
class Set:
    """The value to set."""

    value: Template

    async def run(self, step: Step) -> Outcome:
        """Evaluate the value."""
        return Outcome(step.evaluate(self.value))


class SetType:
    """Reads `set`: an object, or an expression that gives any value."""

    keys = ("set",)

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Set]:
        """Compile the value."""
        value, place = fields["set"], child(pointer, "set")
        if not isinstance(value, Mapping) and not (isinstance(value, str) and is_expression(value)):
            reader.problem(place, "must be an object or an expression in ${ }")
        return "set", Set(reader.template(value, place))
