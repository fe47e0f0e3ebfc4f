"""Which published events start a workflow together. Pure: it is given events and gives sets of them that are complete.

An event belongs to the oldest open set that it fits, else it opens one; so what has the same correlation comes together
however the events of several sets are mixed. JSON throughout, so that it goes on with the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, ExpressionFailedError, Meter, Template
from stigmer_api.dsl.schedule import Trigger
from stigmer_api.dsl.strategies import ANY_EVENT, Strategy
from stigmer_workflow_runner.errors import Fault, fault
from stigmer_workflow_runner.events import Event, Keys, as_read, matches
from stigmer_workflow_runner.json_text import size_of

MAX_SETS: Final = 1_000
MAX_BYTES: Final = 1_000_000
"""Bytes of the events of all open sets; beyond one of both bounds the oldest set is forgotten."""

MAX_SEEN: Final = 2_000
"""Ids of the latest events that are remembered, so that a repeated one changes nothing."""

EventSet = dict[str, Any]
"""An open set: its `events` as they are read, their `size`, correlation `keys`, which filters are `met`, which of those
of `until` have `ended` it, and whether it is `over` by them."""


class EventJudge:
    """Evaluates the expressions of a schedule, which has no variables. `now` is the workflow's time."""

    def __init__(self, now: float, meter: Meter) -> None:
        self._now = now
        self._meter = meter

    def filter(self, template: Template, value: Json) -> Json:
        """The value of a template on `value`. Raises `Fault`."""
        return template.evaluate(lambda expression: self.expression(expression, value))

    def expression(self, expression: Expression, value: Json) -> Json:
        """The value of an expression on `value`. Raises `Fault`."""
        try:
            return expression.evaluate(value, {}, self._now, self._meter)
        except ExpressionFailedError as error:
            raise fault("expression", str(error)) from error

    def evaluate(self, template: Template) -> Json:
        """The value of a template: there is no input, so `.` is null. Raises `Fault`."""
        return self.filter(template, None)


class Correlator:
    """Collects events until a set is complete. `carried` is what `to_json` gave in an earlier run."""

    def __init__(self, trigger: Trigger, carried: Mapping[str, Any] | None = None) -> None:
        carried = carried or {}
        self._trigger = trigger
        self.open: list[EventSet] = list(carried.get("open", []))
        self.forgotten: int = carried.get("forgotten", 0)
        self._seen = dict.fromkeys(carried.get("seen", []))

    def to_json(self) -> dict[str, Json]:
        """What the next run must carry on."""
        return {"open": self.open, "forgotten": self.forgotten, "seen": list(self._seen)}

    def offer(self, delivery: str, event: Event, judge: EventJudge) -> dict[str, Json] | None:
        """Use an event. The set that it completes, as `{key, input}`: the key is the same for the same event."""
        key = hashlib.sha256(delivery.encode()).hexdigest()[:32]
        if key in self._seen:
            return None
        self._seen[key] = None
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        found = self._placed(event, judge)
        if found is None:
            return None
        if not (found["over"] or _is_complete(self._trigger.on, found, judge)):
            self._tidy()
            return None
        self.open = [other for other in self.open if other is not found]
        return {"key": key, "input": found["events"]}

    def _placed(self, event: Event, judge: EventJudge) -> EventSet | None:
        """The set that the event went into, or that it ends; None when nobody wants it."""
        for found in self.open:
            if _ends(self._trigger.on, found, event, judge):
                return found
            if self._takes(found, event, judge):
                return found
        fresh: EventSet = {"events": [], "size": 0, "keys": {}, "met": [], "ended": [], "over": False}
        if not self._takes(fresh, event, judge):
            return None
        self.open.append(fresh)
        return fresh

    def _takes(self, found: EventSet, event: Event, judge: EventJudge) -> bool:
        """Whether the event goes into the set; then it is there."""
        on = self._trigger.on
        filters = on.filters or (ANY_EVENT,)
        index = _first_match(on, filters, event, judge, found["keys"], found["met"])
        if index is None:
            return False
        found["met"].append(index)
        read = as_read(event, self._trigger.read)
        found["events"].append(read)
        found["size"] += size_of(read)
        return True

    def _tidy(self) -> None:
        total = sum(found["size"] for found in self.open)
        while len(self.open) > MAX_SETS or total > MAX_BYTES:
            total -= self.open.pop(0)["size"]
            self.forgotten += 1


def _first_match(
    on: Strategy, filters: tuple[Any, ...], event: Event, judge: EventJudge, keys: Keys, met: list[int]
) -> int | None:
    """The first filter that the event fits; of `all` the first that has none yet."""
    for index, wanted in enumerate(filters):
        if (on.mode != "all" or index not in met) and matches(wanted, event, judge, keys):
            return index
    return None


def _ends(on: Strategy, found: EventSet, event: Event, judge: EventJudge) -> bool:
    """Whether the event is one that the `until` of an open set waits for; it is no part of the set.

    The set is `over` with the last of them.
    """
    until = on.until_events
    if until is None:
        return False
    index = _first_match(until, until.filters or (ANY_EVENT,), event, judge, found["keys"], found["ended"])
    if index is None:
        return False
    found["ended"].append(index)
    found["over"] = until.mode != "all" or len(found["ended"]) == len(until.filters)
    return True


def _is_complete(on: Strategy, found: EventSet, judge: EventJudge) -> bool:
    """Whether the set that has just got an event needs no more. An `until` that fails on the events is not true."""
    if on.mode == "all":
        return len(found["met"]) == len(on.filters)
    if on.until is None:
        return on.until_events is None
    try:
        return judge.expression(on.until, found["events"]) not in (None, False)
    except Fault:
        return False
