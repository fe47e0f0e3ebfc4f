"""Whether an event is what a `listen` task waits for. Pure: what it decides on is given."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.tasks.listen import Filter
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.json_text import to_text
from stigmer_workflow_runner.step import Step

Event = Mapping[str, Json]
Keys = dict[str, Any]
"""What the values of correlations must be, by name: set by the first event that has one."""


def matches(wanted: Filter, event: Event, step: Step, keys: Keys) -> bool:
    """Whether the event has every attribute as wanted and correlates; if so, its correlations are kept in `keys`.

    An expression that fails on the event does not match it: odd events from outside must not end a run.
    """
    try:
        if not all(name in event and _fits(item, event[name], step) for name, item in wanted.attributes.items()):
            return False
        found = _correlated(wanted, event, step, keys)
    except Fault:
        return False
    if found is None:
        return False
    keys.update(found)
    return True


def _fits(wanted: Template, value: Json, step: Step) -> bool:
    """A text or number must be equal, an object must be part of the value.

    An expression sees the value as `.`: it may judge it (true, false) or say what it has to be.
    """
    if wanted.constant:
        return _part_of(wanted.value, value)
    expected = step.filter(wanted, value)
    if expected is True or expected is False or expected is None:
        return expected is True
    return _part_of(expected, value)


def _part_of(expected: Json, value: Json) -> bool:
    if isinstance(expected, dict):
        if not isinstance(value, dict):
            return False
        return all(key in value and _part_of(item, value[key]) for key, item in expected.items())
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value
    return bool(expected == value)


def _correlated(wanted: Filter, event: Event, step: Step, keys: Keys) -> Keys | None:
    """The values of the filter's correlations, None when one is not what is expected."""
    found: Keys = {}
    for item in wanted.correlations:
        if item.source is None:
            return None
        value = step.engine.expression(item.source, event, step.lookup)
        expected = step.evaluate(item.expect) if item.expect is not None else keys.get(item.name, value)
        if value is None or value != expected:
            return None
        found[item.name] = value
    return found


def as_read(event: Event, read: str) -> Json:
    """The event as the task reads it: its data, the whole event, or its data as bytes in base64."""
    if read == "envelope":
        return dict(event)
    if read == "raw":
        if "data_base64" in event:
            return event["data_base64"]
        data = event.get("data")
        raw = data if isinstance(data, str) else to_text(data)
        return base64.b64encode(raw.encode()).decode()
    return event.get("data")
