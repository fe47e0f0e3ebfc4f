"""`switch`: the first case that is true says where to go on; the output is the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader


@dataclass(frozen=True, slots=True)
class Case:
    """One case; without `when` it is the default."""

    when: Expression | None
    then: str


@dataclass(frozen=True, slots=True)
class Switch:
    """The cases as written. The default counts last wherever it stands."""

    cases: tuple[Case, ...]


class SwitchType:
    """Reads `switch`."""

    keys = ("switch",)

    def read(self, reader: Reader, name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Switch]:
        """Compile the cases."""
        value, place = fields["switch"], child(pointer, "switch")
        if not isinstance(value, list) or not value:
            reader.problem(place, "must be a list with at least one case")
            return "switch", Switch(())
        cases: list[Case] = []
        for i, item in enumerate(value):
            where = child(place, i)
            if not isinstance(item, Mapping) or len(item) != 1:
                reader.problem(where, "a case is an object with one key, its name")
                continue
            [(label, case)] = item.items()
            cases.append(self._case(reader, case, child(where, label)))
        if sum(case.when is None for case in cases) > 1:
            reader.problem(place, f"the switch {name!r} has more than one default (a case without 'when')")
        return "switch", Switch(tuple(cases))

    def _case(self, reader: Reader, value: Json, pointer: str) -> Case:
        fields = reader.fields(value, pointer, ("when", "then"), required=("then",))
        when = reader.optional(fields, "when", pointer, reader.expression)
        then = reader.optional(fields, "then", pointer, reader.target)
        return Case(when, then or "continue")
