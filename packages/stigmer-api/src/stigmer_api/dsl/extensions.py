"""`use.extensions`: tasks that run before and after every task of a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import Extension
from stigmer_api.dsl.problems import child, listed, shortened
from stigmer_api.dsl.reader import IN_TASK, Reader

TYPES: Final = (
    "call", "composite", "do", "emit", "for", "fork", "listen", "raise", "run", "set", "switch", "try", "wait", "all",
)  # fmt: skip
"""What `extend` may name. `composite` is what the specification called `do` once."""


def read_extensions(reader: Reader, value: Json) -> tuple[Extension, ...]:
    """Compile the list. Tasks of extensions are not extended themselves."""
    if not isinstance(value, list):
        reader.problem("/use/extensions", "must be a list of named extensions")
        return ()
    found: list[Extension] = []
    for index, item in enumerate(value):
        place = child("/use/extensions", index)
        if not isinstance(item, Mapping) or len(item) != 1:
            reader.problem(place, "an extension is an object with one key, its name")
            continue
        [(name, definition)] = item.items()
        found.append(_read(reader, name, definition, child(place, name)))
    return tuple(found)


def _read(reader: Reader, name: str, value: Json, pointer: str) -> Extension:
    fields = reader.fields(value, pointer, ("extend", "when", "before", "after"), required=("extend",))
    extended = fields.get("extend", "all")
    if extended not in TYPES:
        reader.problem(
            child(pointer, "extend"), f"{shortened(str(extended))!r} is no type of task: use {listed(TYPES)}"
        )
    return Extension(
        name=name,
        pointer=pointer,
        extend="do" if extended == "composite" else str(extended),
        when=reader.optional(fields, "when", pointer, lambda v, p: reader.expression(v, p, IN_TASK)),
        before=reader.optional(fields, "before", pointer, reader.tasks),
        after=reader.optional(fields, "after", pointer, reader.tasks),
    )
