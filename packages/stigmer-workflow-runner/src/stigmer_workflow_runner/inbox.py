"""What a run was given from outside and has not used up: events for its listeners, and answers of people.

JSON throughout, so that it goes on with the run. An event that comes is seen by every listener of that moment; one that
nobody takes is kept for a listener that comes later. Nothing here waits or decides: `tasks/listen.py` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.json_text import size_of

MAX_KEPT: Final = 1_000
MAX_BYTES: Final = 1_000_000
"""Bytes of all kept events; beyond one of both bounds the oldest that nobody took is forgotten."""

MAX_SEEN: Final = 2_000
"""Ids of the latest deliveries that are remembered, so that a repeated one changes nothing."""

Entry = dict[str, Any]
"""A kept event: its number `n`, `delivery`, `event`, `size` in bytes, and whether a listener has `taken` it."""


@dataclass(slots=True)
class Inbox:
    """`listeners` has for each id the number of the event to look at next, and of the first that came after it did."""

    next: int = 0
    listener_count: int = 0
    forgotten: int = 0
    kept: list[Entry] = field(default_factory=list)
    listeners: dict[str, list[int]] = field(default_factory=dict)
    answers: dict[str, dict[str, Json]] = field(default_factory=dict)
    _seen: dict[str, None] = field(default_factory=dict)

    # --- from outside ------------------------------------------------------------------------------------------

    def put(self, delivery: str, event: dict[str, Json]) -> bool:
        """Keep an event. False when this delivery was here before."""
        if delivery in self._seen:
            return False
        self._seen[delivery] = None
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        entry: Entry = {"n": self.next, "delivery": delivery, "event": event, "size": size_of(event), "taken": False}
        self.kept.append(entry)
        self.next += 1
        self._tidy()
        return True

    def answer(self, request: str, answer: dict[str, Json]) -> None:
        """Keep a person's answer; the first one stands."""
        self.answers.setdefault(request, answer)

    # --- for listeners -----------------------------------------------------------------------------------------

    def join(self) -> str:
        """The id of a new listener: it sees what nobody has taken so far, and all that comes."""
        self.listener_count += 1
        listener = str(self.listener_count)
        self.listeners[listener] = [0, self.next]
        return listener

    def leave(self, listener: str) -> None:
        """A listener is done."""
        self.listeners.pop(listener, None)
        self._tidy()

    def has_news(self, listener: str) -> bool:
        """Whether there may be an event that the listener has not looked at."""
        return self.listeners[listener][0] < self.next

    def look(self, listener: str) -> Entry | None:
        """The next event for a listener, which has looked at it then; None when there is none."""
        place = self.listeners[listener]
        for entry in self.kept:
            if entry["n"] >= place[0] and (not entry["taken"] or entry["n"] >= place[1]):
                place[0] = entry["n"] + 1
                return entry
        place[0] = self.next
        self._tidy()
        return None

    def take(self, entry: Entry) -> None:
        """A listener uses the event: it is not kept for later ones."""
        entry["taken"] = True

    def _tidy(self) -> None:
        """Forget what nobody can see any more, and the oldest when there is too much."""
        looked_at = min((place[0] for place in self.listeners.values()), default=self.next)
        self.kept = [entry for entry in self.kept if not entry["taken"] or entry["n"] >= looked_at]
        total = sum(entry["size"] for entry in self.kept)
        while len(self.kept) > MAX_KEPT or total > MAX_BYTES:
            total -= self.kept.pop(0)["size"]
            self.forgotten += 1

    # --- across runs -------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Json]:
        """What the next run must carry on."""
        return {
            "next": self.next,
            "listener_count": self.listener_count,
            "forgotten": self.forgotten,
            "kept": self.kept,
            "listeners": self.listeners,
            "answers": self.answers,
            "seen": list(self._seen),
        }

    def resume(self, carried: Mapping[str, Any]) -> None:
        """Become what an earlier run handed on, and behind that what came to this one already."""
        early, answers = self.kept, self.answers
        self.next, self.listener_count = carried["next"], carried["listener_count"]
        self.forgotten = carried["forgotten"]
        self.kept, self.listeners, self.answers = carried["kept"], carried["listeners"], carried["answers"]
        self._seen = dict.fromkeys(carried["seen"])
        for entry in early:
            self.put(entry["delivery"], entry["event"])
        for request, answer in answers.items():
            self.answer(request, answer)


def event_of(delivery: str, name: str, payload: Mapping[str, Json], at: str) -> dict[str, Json]:
    """The CloudEvent of a delivery: a published event as it is, a signal with its name as `signalname`.

    A signal's payload may be a CloudEvent itself; otherwise it is the data of an event of type `name`. `at` is the
    time of its arrival, RFC 3339.
    """
    if delivery.startswith("event/"):
        return dict(payload)
    if all(isinstance(payload.get(key), str) for key in ("specversion", "type")):
        return {"id": delivery, "source": SIGNALS, "time": at, **payload, "signalname": name}
    head = {"specversion": "1.0", "id": delivery, "source": SIGNALS, "type": name, "time": at}
    return {**head, "signalname": name, "data": dict(payload)}


SIGNALS: Final = "/stigmer/signals"
"""Source of the events that signals become."""
