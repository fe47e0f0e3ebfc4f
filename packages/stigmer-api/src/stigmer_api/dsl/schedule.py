"""`schedule`: when a workflow starts by itself. Its times are the same for every run, so they hold no expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.cron import BadCron, parse_cron
from stigmer_api.dsl.durations import parse_duration
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import listed
from stigmer_api.dsl.reader import Reader

TRIGGERS: Final = ("every", "cron", "after", "on")
LEAST_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One of three: seconds from start to start, a cron expression in UTC, seconds from an end to the next start."""

    every: float | None = None
    cron: str = ""
    after: float | None = None


def check_schedule(reader: Reader, value: Json) -> None:
    """Note what is wrong with the schedule of a document."""
    fields = reader.fields(value, "/schedule", (*TRIGGERS, "read"))
    given = [key for key in TRIGGERS if key in fields]
    if len(given) != 1 and isinstance(value, Mapping):
        reader.problem("/schedule", f"needs exactly one of {listed(TRIGGERS)}")
    reader.refuse(fields, "/schedule", ("on", "read"), "the schedule's")
    for key in ("every", "after"):
        if key in fields:
            _check_seconds(reader, fields[key], f"/schedule/{key}", LEAST_SECONDS if key == "every" else 0.0)
    if "cron" in fields:
        try:
            parse_cron(reader.text(fields["cron"], "/schedule/cron") or "* * * * *")
        except BadCron as error:
            reader.problem("/schedule/cron", str(error))


def schedule_of(document: Mapping[str, Json]) -> Schedule | None:
    """The schedule of a document that was found valid."""
    given = document.get("schedule")
    if not given:
        return None
    return Schedule(
        every=parse_duration(given["every"]) if "every" in given else None,
        cron=" ".join(str(given.get("cron", "")).split()),
        after=parse_duration(given["after"]) if "after" in given else None,
    )


def _check_seconds(reader: Reader, value: Json, pointer: str, least: float) -> None:
    try:
        if parse_duration(value) < least:
            reader.problem(pointer, f"must be at least {least:g} s")
    except ValueError as error:
        reader.problem(pointer, str(error))
