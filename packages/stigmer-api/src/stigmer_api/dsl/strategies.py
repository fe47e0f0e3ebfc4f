"""Which events something waits for: `one` filter, `any` of several (until something holds), or `all` of them.

What `listen` and `schedule.on` have in common. Reading notes problems; deciding is the runner's `events.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template, is_expression
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import IN_TASK, Reader

READ: Final = ("data", "envelope", "raw")
"""What of an event is handed on: its data, the whole event, or its data as bytes."""

SIGNAL_NAME: Final = "signalname"
"""Attribute of events that a signal has become: the signal's name."""

_MODES: Final = ("one", "any", "all")


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


ANY_EVENT: Final = Filter({})
"""What an `any` without filters waits for."""


def read_strategy(
    reader: Reader, value: Json, pointer: str, available: frozenset[str] = IN_TASK, *, inner: bool = False
) -> Strategy:
    """Compile a strategy. `available`: the variables that its expressions may use; `inner`: it is an `until`."""
    found = reader.fields(value, pointer, _MODES if inner else (*_MODES, "until"))
    modes = [mode for mode in _MODES if mode in found]
    if len(modes) != 1:
        if isinstance(value, Mapping):
            reader.problem(pointer, "needs exactly one of one, any and all")
        return Strategy("one", ())
    mode, place = modes[0], child(pointer, modes[0])
    until = _read_until(reader, found, pointer, mode, available)
    if mode == "one":
        return Strategy(mode, (_read_filter(reader, found["one"], place, available),), *until)
    if not isinstance(found[mode], list):
        reader.problem(place, "must be a list of event filters")
        return Strategy(mode, ())
    if mode == "all" and not found[mode]:
        reader.problem(place, "must have at least one event filter")
    filters = tuple(_read_filter(reader, item, child(place, i), available) for i, item in enumerate(found[mode]))
    return Strategy(mode, filters, *until)


def _read_until(
    reader: Reader, found: Mapping[str, Json], pointer: str, mode: str, available: frozenset[str]
) -> tuple[Expression | None, Strategy | None]:
    if "until" not in found:
        return None, None
    place = child(pointer, "until")
    if mode != "any":
        reader.problem(place, "'until' belongs to 'any'")
        return None, None
    if isinstance(found["until"], Mapping):
        return None, read_strategy(reader, found["until"], place, available, inner=True)
    return reader.expression(found["until"], place, available), None


def _read_filter(reader: Reader, value: Json, pointer: str, available: frozenset[str]) -> Filter:
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
        {name: reader.template(item, child(place, name), available) for name, item in attributes.items()},
        tuple(_read_correlation(reader, name, item, pointer, available) for name, item in correlate.items()),
    )


def _read_correlation(reader: Reader, name: str, value: Json, pointer: str, available: frozenset[str]) -> Correlation:
    place = child(pointer, "correlate", name)
    found = reader.fields(value, place, ("from", "expect"), required=("from",))
    return Correlation(
        name,
        reader.optional(found, "from", place, lambda v, p: reader.expression(v, p, available)),
        reader.optional(found, "expect", place, lambda v, p: reader.template(v, p, available)),
    )


def subscriptions_of(definition: Json) -> list[dict[str, str]]:
    """What published events a run of a document may listen for: for every filter the attributes that are fixed texts.

    Signals come without a subscription. The list may name too much, never too little.
    """
    return _fixed(_filters_in(definition))


def subscriptions_of_strategy(strategy: Mapping[str, Any]) -> list[dict[str, str]]:
    """The same of one strategy as written."""
    return _fixed(_filters_of(strategy))


def _fixed(filters: Iterator[Mapping[str, Json]]) -> list[dict[str, str]]:
    found: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for attributes in filters:
        fixed = {k: v for k, v in attributes.items() if isinstance(v, str) and not is_expression(v)}
        if SIGNAL_NAME not in attributes:
            found[tuple(sorted(fixed.items()))] = fixed
    return [{}] if () in found else list(found.values())


def _filters_in(value: Json) -> Iterator[Mapping[str, Json]]:
    """The `with` of every event filter of a `listen`, and an empty one where any event will do."""
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
