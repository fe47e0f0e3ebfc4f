"""`for`: runs its tasks once per item, each iteration on the output of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template
from stigmer_api.dsl.model import TaskList
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.tasks.fork import concurrency_of

FAIL, CONTINUE, SKIP = "fail", "continue", "skip"
_POLICIES: Final = (FAIL, CONTINUE, SKIP)


@dataclass(frozen=True, slots=True)
class Apart:
    """Ours: iterations independent of one another, each on the task's input; the output is the list of theirs.

    `concurrency` run at a time, in batches of `batch` when that is not 0. After an error the loop fails, or the place
    of the iteration has `{error}` (continue), or nothing (skip).
    """

    concurrency: int = 1
    batch: int = 0
    on_error: str = FAIL


@dataclass(frozen=True, slots=True)
class For:
    """`each` and `at` are the names of the item's and the index's variable."""

    each: str
    at: str
    items: Template
    condition: Expression | None
    tasks: TaskList
    apart: Apart | None = None


class ForType:
    """Reads `for`, `while` and `do`."""

    keys = ("for", "while", "do", "metadata")

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
            apart=self._apart(reader, fields, pointer),
        )

    def _apart(self, reader: Reader, fields: Mapping[str, Json], pointer: str) -> Apart | None:
        metadata, place = fields.get("metadata"), child(pointer, "metadata")
        if not isinstance(metadata, Mapping) or not metadata.keys() & {"concurrency", "batch", "onError"}:
            return None
        policy = metadata.get("onError", FAIL)
        if policy not in _POLICIES:
            reader.problem(child(place, "onError"), f"must be one of {', '.join(_POLICIES)}, not {policy!r}")
        if "while" in fields:
            reader.problem(child(pointer, "while"), "'while' needs iterations one after the other")
        return Apart(
            concurrency_of(reader, metadata, place) or 1,
            concurrency_of(reader, metadata, place, "batch") or 0,
            str(policy),
        )

    def _items(self, reader: Reader, loop: Mapping[str, Json], place: str) -> Template:
        value = loop.get("in", "[]")
        if isinstance(value, list):
            return reader.template(value, child(place, "in"))
        expression = reader.expression(value, child(place, "in"))
        return Template(value, (lambda e: e(expression)) if expression else None)
