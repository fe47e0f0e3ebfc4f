"""Whether an event is what somebody waits for. Pure: what it decides on is given."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Protocol

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template
from stigmer_api.dsl.strategies import Filter
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.json_text import to_text

Event = Mapping[str, Json]
Keys = dict[str, Any]
"""What the values of correlations must be, by name: set by the first event that has one."""


class Judge(Protocol):
    """Evaluates the expressions of filters: a listening task, or a schedule, which has no variables."""

    def filter(self, template: Template, value: Json) -> Json:
        """The value of a template on `value`. Raises `Fault`."""

    def expression(self, expression: Expression, value: Json) -> Json:
        """The value of an expression on `value`. Raises `Fault`."""

    def evaluate(self, template: Template) -> Json:
        """The value of a template that is not about the event. Raises `Fault`."""


def matches(wanted: Filter, event: Event, judge: Judge, keys: Keys) -> bool:
    """Whether the event has every attribute as wanted and correlates; if so, its correlations are kept in `keys`.

    An expression that fails on the event does not match it: odd events from outside must not end a run.
    """
    try:
        if not all(name in event and _fits(item, event[name], judge) for name, item in wanted.attributes.items()):
            return False
        found = _correlated(wanted, event, judge, keys)
    except Fault:
        return False
    if found is None:
        return False
    keys.update(found)
    return True


def _fits(wanted: Template, value: Json, judge: Judge) -> bool:
    """A text or number must be equal, an object must be part of the value.

    An expression sees the value as `.`: it may judge it (true, false) or say what it has to be.
    """
    if wanted.constant:
        return _part_of(wanted.value, value)
    expected = judge.filter(wanted, value)
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


def _correlated(wanted: Filter, event: Event, judge: Judge, keys: Keys) -> Keys | None:
    """The values of the filter's correlations, None when one is not what is expected."""
    found: Keys = {}
    for item in wanted.correlations:
        if item.source is None:
            return None
        value = judge.expression(item.source, event)
        expected = judge.evaluate(item.expect) if item.expect is not None else keys.get(item.name, value)
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
