"""How a runner's report becomes part of a stored status. Pure: no store, no clock.

A report holds what changed. Repeating it, or sending an older one after a newer one, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from stigmer_server.executions import phases
from stigmer_server.executions.times import rfc3339
from stigmer_server.resources.envelope import Resource

__all__ = ["is_news", "merge_status"]

_OURS = frozenset(
    {
        "phase",
        "audit",
        "sequence",
        "temporal_workflow_id",
        "last_event_sequence",
        "pause_requested",
        "recoveries",
        "approval_event_stream",
    }
)
"""Status fields that a report cannot set by itself."""

_KEYS = {"tasks": "task_id", "messages": "id", "sub_agent_executions": "id"}
"""Lists that are merged by element, and the key of their elements."""


def is_news(execution: Resource, phase: str, sequence: int) -> bool:
    """Whether a report is to be merged: the execution, now in this phase, runs, and the report is newer than the last.

    Sequence 0 is a report without number: taken as new.
    """
    if phase in phases.TERMINAL:
        return False
    return sequence == 0 or sequence > int(execution.status.sequence)


def merge_status(
    execution: Resource, report: Any, *, was: str, sequence: int, now: datetime, clear: Iterable[str] = ()
) -> None:
    """Merge `report` (a status message) into the status of `execution`, whose phase `was` this.

    Fields of `clear` are replaced even when the report leaves them empty. `now` fills started_at and completed_at when
    the runner gave none.
    """
    status = execution.status
    for name in clear:
        status.ClearField(name)
    for field, value in report.ListFields():
        name = field.name
        if name in _OURS:
            continue
        if key := _KEYS.get(name):
            _merge_elements(getattr(status, name), value, key)
        else:
            _overwrite(status, field, value)
    if sequence:
        status.sequence = sequence
    _merge_phase(status, report, was, now)


def _merge_phase(status: Any, report: Any, was: str, now: datetime) -> None:
    new = phases.phase_in(report)
    if not phases.may_follow(was, new):
        return
    status.phase = report.phase
    if not status.started_at:
        status.started_at = rfc3339(now)
    if new in phases.TERMINAL and not status.completed_at:
        status.completed_at = rfc3339(now)


def _merge_elements(stored: Any, reported: Any, key: str) -> None:
    """Replace elements with a known key where they stand, append the others: a report holds whole elements, so that a
    field which is empty now does not keep its old value. A list without any keys replaces the stored one. Of what a
    sub-agent said an element holds only what changed.
    """
    items = reported[:]
    names = [getattr(item, key) for item in items]
    if not any(names):
        del stored[:]
        stored.extend(reported)
        return
    places: dict[str, int] | None = None
    for name, item in zip(names, items, strict=True):
        if stored and name and getattr(stored[-1], key) == name:  # most reports are about the last element
            _replace(stored[-1], item)
            continue
        if places is None:
            places = {getattr(each, key): place for place, each in enumerate(stored[:]) if getattr(each, key)}
        place = places.get(name)
        if place is None:
            if name:
                places[name] = len(stored)
            stored.append(item)
        else:
            _replace(stored[place], item)


def _replace(stored: Any, reported: Any) -> None:
    """Take the newer element. A task keeps the answer to what it still asks: its run may not have seen it yet."""
    kept = b""
    if _has(stored.DESCRIPTOR, "human_answer") and stored.status == reported.status:
        answered = stored.human_answer.request_id
        kept = stored.human_answer.SerializeToString() if answered == reported.human_request.id else b""
    said = _said(stored, reported) if _has(stored.DESCRIPTOR, "messages") else None
    stored.CopyFrom(reported)
    if said is not None:
        stored.ClearField("messages")
        stored.MergeFrom(said)
    if kept:
        stored.human_answer.ParseFromString(kept)


def _said(stored: Any, reported: Any) -> Any:
    """The messages of a sub-agent: those that the report holds in their places, and the others as they were."""
    said = type(stored)()
    said.messages.extend(stored.messages)
    if reported.messages:
        _merge_elements(said.messages, reported.messages, "id")
    return said


@cache
def _has(element: Any, field: str) -> bool:
    """Whether elements with this descriptor have such a field."""
    return field in element.fields_by_name


def _overwrite(message: Any, field: Any, value: Any) -> None:
    """Set one field to a value, whatever its type; nothing of the old value stays."""
    if field.message_type is None and not field.is_repeated:
        setattr(message, field.name, value)
        return
    message.ClearField(field.name)
    target = getattr(message, field.name)
    if field.is_repeated and field.message_type is not None and field.message_type.GetOptions().map_entry:
        target.MergeFrom(value) if hasattr(target, "MergeFrom") else target.update(value)
    elif field.is_repeated:
        target.extend(value)
    else:
        target.CopyFrom(value)
