"""`schedule`: when a workflow starts by itself. Its times are the same for every run, so they hold no expressions.

`on` names events instead. Its expressions see the events and no variables: there is no run yet that could have any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stigmer_api.cron import BadCron, parse_cron
from stigmer_api.dsl.durations import parse_duration
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import TaskList
from stigmer_api.dsl.problems import Problems, child, listed
from stigmer_api.dsl.reader import Reader
from stigmer_api.dsl.strategies import READ, SIGNAL_NAME, Strategy, read_strategy

TRIGGERS: Final = ("every", "cron", "after", "on")
LEAST_SECONDS: Final = 1.0
_NO_VARIABLES: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Schedule:
    """One of four: seconds from start to start, cron in UTC, seconds from an end to the next start, or events.

    `trigger` is what `compile_trigger` takes.
    """

    every: float | None = None
    cron: str = ""
    after: float | None = None
    trigger: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """Events that start a workflow together, and what of them becomes its input: `read` is data, envelope or raw."""

    on: Strategy
    read: str = "data"


def check_schedule(reader: Reader, value: Json) -> None:
    """Note what is wrong with the schedule of a document."""
    fields = reader.fields(value, "/schedule", (*TRIGGERS, "read"))
    given = [key for key in TRIGGERS if key in fields]
    if len(given) != 1 and isinstance(value, Mapping):
        reader.problem("/schedule", f"needs exactly one of {listed(TRIGGERS)}")
    for key in ("every", "after"):
        if key in fields:
            _check_seconds(reader, fields[key], f"/schedule/{key}", LEAST_SECONDS if key == "every" else 0.0)
    if "cron" in fields:
        try:
            parse_cron(reader.text(fields["cron"], "/schedule/cron") or "* * * * *")
        except BadCron as error:
            reader.problem("/schedule/cron", str(error))
    if "on" in fields:
        _read_trigger(reader, fields)
    elif "read" in fields:
        reader.problem("/schedule/read", "'read' belongs to 'on'")


def schedule_of(document: Mapping[str, Json]) -> Schedule | None:
    """The schedule of a document that was found valid."""
    given = document.get("schedule")
    if not given:
        return None
    mode = (document.get("evaluate") or {}).get("mode", "strict")
    return Schedule(
        every=parse_duration(given["every"]) if "every" in given else None,
        cron=" ".join(str(given.get("cron", "")).split()),
        after=parse_duration(given["after"]) if "after" in given else None,
        trigger={"on": given["on"], "read": given.get("read", "data"), "mode": mode} if "on" in given else None,
    )


def compile_trigger(value: Mapping[str, Json]) -> Trigger:
    """The tree of a `Schedule.trigger`. Raises `DocumentInvalidError`."""
    problems = Problems()
    reader = Reader(problems, lambda *_: TaskList(()), loose=value.get("mode") == "loose")
    trigger = _read_trigger(reader, value)
    problems.raise_if_any()
    return trigger


def _read_trigger(reader: Reader, fields: Mapping[str, Json]) -> Trigger:
    read = fields.get("read", "data")
    if read not in READ:
        reader.problem("/schedule/read", f"must be one of {', '.join(READ)}, not {read!r}")
    for place in _signals_in(fields["on"], "/schedule/on"):
        reader.problem(place, "signals go to executions that run, and start none: wait for an event by its type")
    return Trigger(read_strategy(reader, fields["on"], "/schedule/on", _NO_VARIABLES), str(read))


def _signals_in(strategy: Json, pointer: str) -> Iterator[str]:
    """Where a strategy waits for a signal."""
    if isinstance(strategy, Mapping):
        if isinstance(strategy.get("with"), Mapping):
            if SIGNAL_NAME in strategy["with"]:
                yield child(pointer, "with", SIGNAL_NAME)
            return
        parts: Any = strategy.items()
    else:
        parts = enumerate(strategy) if isinstance(strategy, list) else ()
    for key, part in parts:
        yield from _signals_in(part, child(pointer, key))


def _check_seconds(reader: Reader, value: Json, pointer: str, least: float) -> None:
    try:
        if parse_duration(value) < least:
            reader.problem(pointer, f"must be at least {least:g} s")
    except ValueError as error:
        reader.problem(pointer, str(error))
