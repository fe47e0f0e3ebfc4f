"""`for`: runs its tasks once per item, each iteration on the output of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template
from stigmer_api.dsl.model import TaskList
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader


@dataclass(frozen=True, slots=True)
class For:
    """`each` and `at` are the names of the item's and the index's variable."""

    each: str
    at: str
    items: Template
    condition: Expression | None
    tasks: TaskList


class ForType:
    """Reads `for`, `while` and `do`."""

    keys = ("for", "while", "do")

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, For]:
        """Compile the loop. Inside, the item and the index are variables."""
        place = child(pointer, "for")
        loop = reader.fields(fields["for"], place, ("each", "in", "at"), required=("in",))
        each = reader.optional(loop, "each", place, reader.text) or "item"
        at = reader.optional(loop, "at", place, reader.text) or "index"
        inner = reader.with_variables(each, at)
        tasks = TaskList(())
        if "do" in fields:
            tasks = inner.tasks(fields["do"], child(pointer, "do"))
        else:
            reader.problem(pointer, "a for task needs 'do'")
        return "for", For(
            each=each,
            at=at,
            items=self._items(reader, loop, place),
            condition=inner.optional(fields, "while", pointer, inner.expression),
            tasks=tasks,
        )

    def _items(self, reader: Reader, loop: Mapping[str, Json], place: str) -> Template:
        value = loop.get("in", "[]")
        if isinstance(value, list):
            return reader.template(value, child(place, "in"))
        expression = reader.expression(value, child(place, "in"))
        return Template(value, (lambda e: e(expression)) if expression else None)
