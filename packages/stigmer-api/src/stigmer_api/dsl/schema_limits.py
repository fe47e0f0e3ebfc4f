"""How much work a JSON schema can make: a validator cannot be stopped, so what could run for minutes never starts.

Without recursion the work is bounded by the schema with its references written out. With recursion each level of the
data can multiply it, when several references lead back for the same child; then the depth of the data is limited.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from stigmer_api.dsl.errors import DslError, Json

MAX_SIZE: Final = 100_000
"""Subschemas that may apply to one value, with references written out."""
MAX_DEPTH: Final = 1_000
"""Levels of data. JSON text deeper than that cannot be read anyway."""

_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_NAMED: Final = ("properties", "patternProperties", "dependentSchemas", "dependencies")
_SINGLE: Final = (
    "additionalItems", "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_SAME_VALUE: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "else", "if", "not", "then", "dependentSchemas", "dependencies"}
)


class SchemaTooCostlyError(DslError):
    """A schema that this runner does not check data against; the text says why."""


@dataclass(slots=True)
class _Graph:
    """The subschemas of a document by identity. `loops` counts recursive references by the child they apply to."""

    root: Json
    anchors: dict[str, Json] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    loops: dict[str, int] = field(default_factory=dict)
    active: set[int] = field(default_factory=set)

    def size(self, schema: Json, child: str) -> int:
        """Subschemas below `schema`, references written out; `child` is the last place that was stepped into."""
        if not isinstance(schema, Mapping):
            return 1
        key = id(schema)
        if key in self.active:
            self.loops[child] = self.loops.get(child, 0) + 1
            return 1
        if key not in self.sizes:
            self.active.add(key)
            total = 1 + sum(self.size(part, name or child) for name, part in self._parts(schema))
            self.active.discard(key)
            self.sizes[key] = min(total, MAX_SIZE + 1)
        return self.sizes[key]

    def _parts(self, schema: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
        """Each subschema with the child that it is for: empty for the same value, `*` for any child."""
        for keyword in _REFERENCES:
            if keyword in schema:
                yield "", self.target(schema[keyword])
        for keyword in _LISTS:
            if isinstance(schema.get(keyword), list):
                for part in schema[keyword]:
                    yield "" if keyword in _SAME_VALUE else "*", part
        for keyword in _NAMED:
            if isinstance(schema.get(keyword), Mapping):
                for name, part in schema[keyword].items():
                    yield "" if keyword in _SAME_VALUE else f".{name}" if keyword == "properties" else "*", part
        for keyword in _SINGLE:
            if isinstance(schema.get(keyword), Mapping):
                yield "" if keyword in _SAME_VALUE else "*", schema[keyword]

    def target(self, reference: Json) -> Json:
        """The subschema of a reference inside the document."""
        text = str(reference)
        if not text.startswith("#"):
            raise SchemaTooCostlyError(f"$ref {text!r} leaves the schema: put what it needs below $defs")
        if text != "#" and not text.startswith("#/"):
            return self.anchors.get(text[1:], self.root)
        found = self.root
        for part in text[2:].split("/") if text != "#" else ():
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise SchemaTooCostlyError(f"$ref {text!r} leads nowhere in the schema") from error
        return found


def depth_limit(schema: Json) -> int:
    """How deep the data may be that is checked against `schema`.

    Raises:
        SchemaTooCostlyError: nothing may be: it leaves the document, or would write out to too many subschemas.
    """
    graph = _Graph(schema)
    _collect(graph, schema, outermost=True)
    if graph.size(schema, "") > MAX_SIZE:
        raise SchemaTooCostlyError(f"with its references written out it has more than {MAX_SIZE} subschemas")
    everywhere = graph.loops.get("*", 0) + graph.loops.get("", 0)
    ways = everywhere + max((count for child, count in graph.loops.items() if child not in ("", "*")), default=0)
    return MAX_DEPTH if ways <= 1 else max(2, int(math.log(MAX_SIZE, ways)))


def _collect(graph: _Graph, schema: Json, *, outermost: bool) -> None:
    """Note the anchors. A name of its own for a part would make references mean something else there."""
    if isinstance(schema, Mapping):
        if not outermost and isinstance(schema.get("$id"), str):
            raise SchemaTooCostlyError("$id inside a schema is not supported: refer to parts by #/$defs/name")
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(schema.get(keyword), str):
                graph.anchors[schema[keyword]] = schema
        for part in schema.values():
            _collect(graph, part, outermost=False)
    elif isinstance(schema, list):
        for part in schema:
            _collect(graph, part, outermost=False)


def depth_of(value: Json, most: int) -> int:
    """Levels of `value`; stops when there are more than `most`."""
    level, depth = [value], 0
    while level and depth <= most:
        depth += 1
        level = [
            part
            for item in level
            if isinstance(item, dict | list)
            for part in (item.values() if isinstance(item, dict) else item)
            if isinstance(part, dict | list)
        ]
    return depth
