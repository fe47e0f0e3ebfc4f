"""`listen`: waits for events. `one` filter, `any` of several (until something holds), or `all` of them.

The output is the list of the events that were consumed, as `read` says, or of what `foreach` made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Schema, TaskList
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import AFTER_TASK, IN_TASK, Reader
from stigmer_api.dsl.schemas import read_schema
from stigmer_api.dsl.strategies import READ, Strategy, read_strategy


@dataclass(frozen=True, slots=True)
class Foreach:
    """What is done with each event, one after the other."""

    item: str
    at: str
    tasks: TaskList | None
    output_as: Template | None = None
    export_as: Template | None = None
    output_schema: Schema | None = None
    export_schema: Schema | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """The whole task. `read` is data, envelope or raw."""

    to: Strategy
    read: str = "data"
    foreach: Foreach | None = None


class ListenType:
    """Reads `listen` and `foreach`."""

    keys = ("listen", "foreach")

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Listen]:
        """Compile the strategy and the loop."""
        place = child(pointer, "listen")
        found = reader.fields(fields["listen"], place, ("to", "read"), required=("to",))
        to = reader.optional(found, "to", place, lambda v, p: read_strategy(reader, v, p)) or Strategy("one", ())
        read = found.get("read", "data")
        if read not in READ:
            reader.problem(child(place, "read"), f"must be one of {', '.join(READ)}, not {read!r}")
        foreach = reader.optional(fields, "foreach", pointer, lambda v, p: read_foreach(reader, v, p))
        return "listen", Listen(to, str(read), foreach)


def read_foreach(reader: Reader, value: Json, pointer: str) -> Foreach:
    found = reader.fields(value, pointer, ("item", "at", "do", "output", "export"))
    item = reader.optional(found, "item", pointer, reader.text) or "item"
    at = reader.optional(found, "at", pointer, reader.text) or "index"
    inner = reader.with_variables(item, at)
    output, output_schema = _read_section(inner, found, pointer, "output", IN_TASK)
    export, export_schema = _read_section(inner, found, pointer, "export", AFTER_TASK)
    tasks = inner.optional(found, "do", pointer, inner.tasks)
    return Foreach(item, at, tasks, output, export, output_schema, export_schema)


def _read_section(
    reader: Reader, fields: Mapping[str, Json], pointer: str, section: str, available: frozenset[str]
) -> tuple[Template | None, Schema | None]:
    """`as` and `schema` of `output` or `export`."""
    if section not in fields:
        return None, None
    place = child(pointer, section)
    found = reader.fields(fields[section], place, ("as", "schema"))
    schema = reader.optional(found, "schema", place, lambda v, p: read_schema(reader, v, p))
    return reader.optional(found, "as", place, lambda v, p: reader.filter(v, p, available)), schema
