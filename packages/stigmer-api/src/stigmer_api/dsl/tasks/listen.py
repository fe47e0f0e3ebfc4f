"""`listen`: waits for events. `one` filter, `any` of several (until something holds), or `all` of them.

The output is the list of the events that were consumed, as `read` says, or of what `foreach` made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template, is_expression
from stigmer_api.dsl.model import Schema, TaskList
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import AFTER_TASK, IN_TASK, Reader
from stigmer_api.dsl.schemas import read_schema

READ: Final = ("data", "envelope", "raw")
SIGNAL_NAME: Final = "signalname"
"""Attribute of events that a signal has become: the signal's name."""

_STRATEGIES: Final = ("one", "any", "all")


@dataclass(frozen=True, slots=True)
class Correlation:
    """A value of the event that must be what is expected; without `expect`, what the first event has."""

    name: str
    source: Expression | None
    expect: Template | None


@dataclass(frozen=True, slots=True)
class Filter:
    """`attributes` by name; None in place of a template stands for one that could not be read."""

    attributes: Mapping[str, Template]
    correlations: tuple[Correlation, ...] = ()


@dataclass(frozen=True, slots=True)
class Strategy:
    """What ends the waiting. `mode` is one, any or all; `until` and `until_events` belong to `any`."""

    mode: str
    filters: tuple[Filter, ...]
    until: Expression | None = None
    until_events: Strategy | None = None


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
        to = reader.optional(found, "to", place, lambda v, p: _read_strategy(reader, v, p)) or Strategy("one", ())
        read = found.get("read", "data")
        if read not in READ:
            reader.problem(child(place, "read"), f"must be one of {', '.join(READ)}, not {read!r}")
        foreach = reader.optional(fields, "foreach", pointer, lambda v, p: read_foreach(reader, v, p))
        return "listen", Listen(to, str(read), foreach)


def _read_strategy(reader: Reader, value: Json, pointer: str, *, inner: bool = False) -> Strategy:
    known = _STRATEGIES if inner else (*_STRATEGIES, "until")
    found = reader.fields(value, pointer, known)
    modes = [mode for mode in _STRATEGIES if mode in found]
    if len(modes) != 1:
        if isinstance(value, Mapping):
            reader.problem(pointer, "needs exactly one of one, any and all")
        return Strategy("one", ())
    mode, place = modes[0], child(pointer, modes[0])
    if mode == "one":
        return Strategy(mode, (_read_filter(reader, found["one"], place),), *_until(reader, found, pointer, mode))
    if not isinstance(found[mode], list):
        reader.problem(place, "must be a list of event filters")
        return Strategy(mode, ())
    if mode == "all" and not found[mode]:
        reader.problem(place, "must have at least one event filter")
    filters = tuple(_read_filter(reader, item, child(place, i)) for i, item in enumerate(found[mode]))
    return Strategy(mode, filters, *_until(reader, found, pointer, mode))


def _until(
    reader: Reader, found: Mapping[str, Json], pointer: str, mode: str
) -> tuple[Expression | None, Strategy | None]:
    if "until" not in found:
        return None, None
    place = child(pointer, "until")
    if mode != "any":
        reader.problem(place, "'until' belongs to 'any'")
        return None, None
    if isinstance(found["until"], Mapping):
        return None, _read_strategy(reader, found["until"], place, inner=True)
    return reader.expression(found["until"], place), None


def _read_filter(reader: Reader, value: Json, pointer: str) -> Filter:
    found = reader.fields(value, pointer, ("with", "correlate"), required=("with",))
    attributes, place = found.get("with", {}), child(pointer, "with")
    if not isinstance(attributes, Mapping) or ("with" in found and not attributes):
        reader.problem(place, "must be an object with at least one attribute of the event")
        attributes = {}
    reader.texts(attributes, place, ("type", "source", "id", "subject"))
    correlate = found.get("correlate", {})
    if not isinstance(correlate, Mapping):
        reader.problem(child(pointer, "correlate"), "must be an object of named correlations")
        correlate = {}
    return Filter(
        {name: reader.template(item, child(place, name)) for name, item in attributes.items()},
        tuple(_read_correlation(reader, name, item, pointer) for name, item in correlate.items()),
    )


def _read_correlation(reader: Reader, name: str, value: Json, pointer: str) -> Correlation:
    place = child(pointer, "correlate", name)
    found = reader.fields(value, place, ("from", "expect"), required=("from",))
    return Correlation(
        name,
        reader.optional(found, "from", place, reader.expression),
        reader.optional(found, "expect", place, reader.template),
    )


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


def subscriptions_of(definition: Json) -> list[dict[str, str]]:
    """What published events a document may listen for: for every filter the attributes that are fixed texts.

    Signals come without a subscription. The list may name too much, never too little.
    """
    found: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for attributes in _filters_in(definition):
        fixed = {k: v for k, v in attributes.items() if isinstance(v, str) and not is_expression(v)}
        if SIGNAL_NAME not in attributes:
            found[tuple(sorted(fixed.items()))] = fixed
    return [{}] if () in found else list(found.values())


def _filters_in(value: Json) -> Iterator[Mapping[str, Json]]:
    """The `with` of every event filter, and an empty one where any event will do."""
    if isinstance(value, list):
        for item in value:
            yield from _filters_in(item)
    elif isinstance(value, Mapping):
        listen = value.get("listen")
        if isinstance(listen, Mapping) and isinstance(listen.get("to"), Mapping):
            yield from _filters_of(listen["to"])
        for item in value.values():
            yield from _filters_in(item)


def _filters_of(strategy: Mapping[str, Any]) -> Iterator[Mapping[str, Json]]:
    if strategy.get("any") == []:
        yield {}
    filters = [strategy.get("one"), *(strategy.get("any") or []), *(strategy.get("all") or [])]
    for item in filters:
        if isinstance(item, Mapping) and isinstance(item.get("with"), Mapping):
            yield item["with"]
    if isinstance(strategy.get("until"), Mapping):
        yield from _filters_of(strategy["until"])
