"""Task entries of a report: their ids, and how they become text. Pure data; `progress.py` keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import Task
from stigmer_workflow_runner.excerpts import short_value, truncated
from stigmer_workflow_runner.state import Scope, iso8601

LOOP_SLOTS: Final = 10
MAX_DETAILS: Final = 400_000
"""Bytes of inputs, outputs and errors in one report; the newest entries have theirs, older ones go without."""

HUMAN: Final = "call human"


def task_id(task: Task, scope: Scope) -> str:
    """A task's pointer and, in loops, the slot of each iteration around it: `/do/0/loop/do/0/step#3`.

    Questions to people have the whole numbers: many iterations may ask at a time, and each must be answered.
    """
    if not scope.iterations:
        return task.pointer
    slots = scope.iterations if task.kind == HUMAN else tuple(n % LOOP_SLOTS for n in scope.iterations)
    return task.pointer + "#" + ".".join(map(str, slots))


def fitting_entries(entries: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Rendered entries of a report; together they stay below `MAX_DETAILS`."""
    left, fitting = MAX_DETAILS, []
    for entry in reversed(entries):
        details = [key for key in ("input_json", "output_json", "error") if entry.get(key)]
        left -= sum(len(entry[key].encode()) for key in details)
        fitting.append(entry if left >= 0 else {**entry, **dict.fromkeys(details, "")})
    return fitting[::-1]


def render_entry(entry: Mapping[str, Json]) -> dict[str, Json]:
    """An entry as the report has it: times and values as text."""
    rendered = {k: v for k, v in entry.items() if k not in ("input", "output", "has_output")}
    for key in ("started_at", "completed_at"):
        rendered[key] = iso8601(entry[key]) if key in entry else ""
    rendered["input_json"] = truncated(entry["input"]) if "input" in entry else ""
    rendered["output_json"] = truncated(entry["output"]) if entry.get("has_output") else ""
    return rendered


def shorten(entry: Mapping[str, Json]) -> dict[str, Json]:
    """An entry without large values, for a run to carry."""
    return {k: short_value(v) if k in ("input", "output") else v for k, v in entry.items()}
