"""`set`: the output is a new value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template, is_expression
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader


@dataclass(frozen=True, slots=True)
class Set:
    """The value to set."""

    value: Template


class SetType:
    """Reads `set`: an object, or an expression that gives any value."""

    keys = ("set",)

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Set]:
        """Compile the value."""
        value, place = fields["set"], child(pointer, "set")
        if not isinstance(value, Mapping) and not (isinstance(value, str) and is_expression(value)):
            reader.problem(place, "must be an object or an expression in ${ }")
        return "set", Set(reader.template(value, place))
