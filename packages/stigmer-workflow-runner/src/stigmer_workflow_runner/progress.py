"""What a run tells the server: task entries and events that were not acknowledged yet.

Pure data in the workflow; `workflow.py` sends it. There are two ways to the server. `news` goes beside history, at
once and at no cost, and may be lost with the worker; so it is kept until a report that `take` made was acknowledged,
which is a step of history. Nothing is forgotten before, so a lost report is repaired by the next.

Every change has a number, and the sequence of a report is the number of its newest one: two reports with the same
sequence say the same. Bounds: in a loop only the latest `LOOP_SLOTS` iterations have entries (the entry of iteration n
takes over the id of iteration n - LOOP_SLOTS), and at most `MAX_EVENTS` events and `MAX_ENTRIES` entries wait for one
report; beyond that the oldest of loop iterations go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import Task
from stigmer_workflow_runner.entries import HUMAN, fitting_entries, render_entry, shorten, task_id
from stigmer_workflow_runner.errors import bounded, describe
from stigmer_workflow_runner.json_text import readable, to_text
from stigmer_workflow_runner.state import Scope, iso8601

MAX_EVENTS: Final = 400
MAX_ENTRIES: Final = 400
MAX_EVENT_ERROR: Final = 500
SETTLE_AFTER: Final = 100
"""Changes told beside history after which a report of history is due: they take memory until then."""

PENDING, IN_PROGRESS, COMPLETED, FAILED, SKIPPED = "PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "SKIPPED"
CANCELLED: Final = "CANCELLED"
WAITING_APPROVAL: Final = "WAITING_APPROVAL"
PAUSED: Final = "PAUSED"

_TYPES: Final[Mapping[str, str]] = {
    "call http": "API_CALL",
    "call grpc": "API_CALL",
    "call openapi": "API_CALL",
    "call asyncapi": "API_CALL",
    "call mcp": "API_CALL",
    "call a2a": "API_CALL",
    "call agent": "AGENT_INVOCATION",
    HUMAN: "APPROVAL",
    "call llm": "API_CALL",
    "call eval": "API_CALL",
    "fork": "PARALLEL",
    "switch": "CONDITIONAL",
    "set": "TRANSFORM",
}


@dataclass(slots=True)
class _Told:
    """Entries by id and events, as reports have them."""

    entries: dict[str, dict[str, Json]] = field(default_factory=dict)
    events: list[dict[str, Json]] = field(default_factory=list)

    def under(self, newer: _Told) -> _Told:
        """Both, and of each entry the newer."""
        older = {key: entry for key, entry in self.entries.items() if key not in newer.entries}
        return _Told(_latest({**older, **newer.entries}), [*self.events, *newer.events][-MAX_EVENTS:])

    def __len__(self) -> int:
        return len(self.entries) + len(self.events)


def _latest(entries: dict[str, dict[str, Json]]) -> dict[str, dict[str, Json]]:
    """At most `MAX_ENTRIES`; the oldest iterations of loops go first."""
    while len(entries) > MAX_ENTRIES:
        del entries[next((key for key, entry in entries.items() if entry["iterations"]), next(iter(entries)))]
    return entries


@dataclass(slots=True)
class Progress:
    """The `Observer` of a run. Values are kept as they are and become text only when a report is made."""

    execution_id: str
    sequence: int = 0
    events_made: int = 0
    phase: str = PENDING
    started_at: float | None = None
    completed_at: float | None = None
    error: str = ""
    output: Json = None
    has_output: bool = False
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    _entries: dict[str, dict[str, Json]] = field(default_factory=dict)
    _events: list[dict[str, Json]] = field(default_factory=list)
    _told: _Told = field(default_factory=_Told)
    _in_flight: _Told | None = None
    _again: bool = False
    _due: bool = False
    _running: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, Json] = field(default_factory=dict)

    # --- the execution -----------------------------------------------------------------------------------------

    def execution_started(self, at: float) -> None:
        """The first report: the execution is in progress."""
        self.phase, self.started_at = IN_PROGRESS, at
        self._event("execution_started", at)

    def execution_ended(
        self, phase: str, at: float, output: Json = None, error: Mapping[str, Json] | None = None
    ) -> None:
        """The last report: `phase` is COMPLETED, FAILED or CANCELLED."""
        self.phase, self.completed_at = phase, at
        self.output, self.has_output = output, phase == COMPLETED
        self.error = readable(describe(bounded(error))) if error is not None else ""
        spent = at - (self.started_at if self.started_at is not None else at)
        name = f"execution_{phase.lower()}"
        why = None if error is None else bounded(error, MAX_EVENT_ERROR)
        self._event(name, at, duration_ms=round(spent * 1000), error=self.error[:MAX_EVENT_ERROR], fault=why)

    def paused(self, at: float, reason: str) -> None:
        """The run holds; told again, it holds still."""
        if self.phase == IN_PROGRESS:
            self.phase = PAUSED
            self._event("execution_paused", at, reason=reason[:MAX_EVENT_ERROR], running=self._places())

    def resumed(self, at: float) -> None:
        """The run goes on."""
        if self.phase == PAUSED:
            self.phase = IN_PROGRESS
            self._event("execution_resumed", at, running=self._places())

    def _places(self) -> list[Json]:
        """The pointers of the tasks that run now, each once."""
        return list(dict.fromkeys(self._running.values()))

    # --- tasks -------------------------------------------------------------------------------------------------

    def started(self, task: Task, scope: Scope, at: float, given: Json) -> None:
        """A task began."""
        self._running[task_id(task, scope)] = task.pointer
        self._entry(task, scope, status=IN_PROGRESS, started_at=at, input=given)
        self._event("task_started", at, task, scope, attempt=scope.attempt)

    def completed(self, task: Task, scope: Scope, times: tuple[float, float], values: tuple[Json, Json]) -> None:
        """A task ended well."""
        began, at = times
        key = task_id(task, scope)
        self._running.pop(key, None)
        given, output = values
        self._entry(
            task,
            scope,
            status=COMPLETED,
            started_at=began,
            completed_at=at,
            input=given,
            output=output,
            has_output=True,
        )
        self._event(
            "task_completed", at, task, scope, duration_ms=round((at - began) * 1000), keys=self._keys.pop(key, None)
        )

    def correlated(self, task: Task, scope: Scope, keys: Mapping[str, Json]) -> None:
        """A task has all the events it listened for; they have these correlation keys in common."""
        self._keys[task_id(task, scope)] = {**keys}

    def failed(self, task: Task, scope: Scope, times: tuple[float, float], error: dict[str, Json]) -> None:
        """A task ended with an error."""
        began, at = times
        self._running.pop(task_id(task, scope), None)
        text = readable(describe(bounded(error)))
        self._entry(task, scope, status=FAILED, started_at=began, completed_at=at, error=text)
        self._event(
            "task_failed",
            at,
            task,
            scope,
            duration_ms=round((at - began) * 1000),
            error=text[:MAX_EVENT_ERROR],
            fault=bounded(error, MAX_EVENT_ERROR),
            attempt=scope.attempt,
        )

    def skipped(self, task: Task, scope: Scope, at: float) -> None:
        """The task's `if` was false."""
        self._entry(task, scope, status=SKIPPED, started_at=at, completed_at=at)
        self._event("task_skipped", at, task, scope, reason="the condition 'if' is false")

    def cancelled(self, task: Task, scope: Scope, times: tuple[float, float]) -> None:
        """A task was ended from outside."""
        began, at = times
        self._running.pop(task_id(task, scope), None)
        self._entry(task, scope, status=SKIPPED, started_at=began, completed_at=at, error="cancelled")
        why = "cancelled: a timeout, a faster branch or the whole run"
        self._event("task_skipped", at, task, scope, reason=why, cancelled=True)

    def asked(self, task: Task, scope: Scope, at: float, given: Json, request: dict[str, Json]) -> None:
        """A task waits for a person."""
        values = {"input": given, "request": request, "ui_hint": request["ui_hint"]}
        self._entry(task, scope, status=WAITING_APPROVAL, started_at=at, **values)
        self._event("approval_requested", at, task, scope, request=request)

    def auto_resolved(self, task: Task, scope: Scope, at: float, outcome: str) -> None:
        """Nobody answered in time."""
        self._event("approval_resolved", at, task, scope, outcome=outcome, auto_resolved=True)

    def emitted(self, task: Task, at: float, event: dict[str, Json]) -> None:
        """A task published an event."""
        facts = {name: event.get(name, "") for name in ("type", "source", "subject")}
        self._event("event_emitted", at, task, emitted=facts)

    def retrying(self, task: Task, scope: Scope, at: float, attempt: int, delay: float) -> None:
        """A `try` starts again."""
        self._event("task_retrying", at, task, scope, attempt=attempt, delay_ms=round(delay * 1000))

    def child_started(self, task: Task, at: float, kind: str, execution_id: str) -> None:
        """A child execution was created; only agents have an event for it."""
        if kind == "agent":
            self._event("agent_call_started", at, task, child=execution_id)

    def child_ended(self, task: Task, times: tuple[float, float], kind: str, result: dict[str, Json]) -> None:
        """A child execution ended."""
        if kind == "agent":
            began, at = times
            self._event(
                "agent_call_completed",
                at,
                task,
                child=result["id"],
                phase=result["phase"],
                duration_ms=round((at - began) * 1000),
            )

    def _entry(self, task: Task, scope: Scope, **values: Json) -> None:
        key = task_id(task, scope)
        self.sequence += 1
        self._entries.pop(key, None)
        self._entries[key] = {
            "n": self.sequence,
            "task_id": key,
            "task_name": task.name,
            "task_type": _TYPES.get(task.kind, "CUSTOM"),
            "kind": task.kind,
            "pointer": task.pointer,
            "attempt": scope.attempt,
            "iterations": list(scope.iterations),
            **values,
        }
        _latest(self._entries)

    def _event(self, kind: str, at: float, task: Task | None = None, scope: Scope | None = None, **facts: Json) -> None:
        self.events_made += 1
        self.sequence += 1
        self._events.append(
            {
                "n": self.sequence,
                "event_id": f"{self.execution_id}/{self.events_made}",
                "type": kind,
                "at": at,
                "task_name": task.name if task is not None else "",
                "kind": task.kind if task is not None else "",
                "pointer": task.pointer if task is not None else "",
                "loop": bool(scope is not None and scope.iterations),
                **facts,
            }
        )
        if len(self._events) > MAX_EVENTS:
            oldest = next((i for i, event in enumerate(self._events) if event["loop"]), 0)
            del self._events[oldest]

    # --- reports -----------------------------------------------------------------------------------------------

    @property
    def fresh(self) -> bool:
        """Whether there is something that neither way has told yet."""
        return bool(self._entries or self._events or self._again)

    @property
    def unsettled(self) -> bool:
        """Whether there is something that no report of history has told yet."""
        return self.fresh or bool(self._told)

    @property
    def due(self) -> bool:
        """Whether a report of history is due."""
        return (self._due and self.unsettled) or len(self._told) > SETTLE_AFTER

    def settle(self) -> None:
        """The run will wait for something from outside: nobody would repair a report that is lost now."""
        self._due = True

    def news(self) -> dict[str, Json]:
        """What is fresh, for a report beside history."""
        new = self._rendered()
        everything = self._told.under(new)
        shown, self._told, self._again = everything if self._again else new, everything, False
        return self._report(shown)

    def take(self) -> dict[str, Json]:
        """Everything not acknowledged, for a report of history. Answer with `acknowledge` or `give_back`."""
        self._in_flight = self._told.under(self._rendered())
        self._told, self._again, self._due = _Told(), False, False
        report = self._report(self._in_flight)
        if self.has_output:
            report["output_json"] = to_text(self.output)
        return report

    def acknowledge(self) -> None:
        """The server took the report."""
        self._in_flight, self.subscriptions = None, []

    def give_back(self) -> None:
        """The report was lost: its content goes into the next one, under what is newer."""
        if self._in_flight is not None:
            self._told, self._in_flight, self._due = self._in_flight.under(self._told), None, True

    def _rendered(self) -> _Told:
        entries = {entry["task_id"]: render_entry(entry) for entry in self._entries.values()}
        events = [{**event, "at": iso8601(event["at"])} for event in self._events]
        self._entries, self._events = {}, []
        return _Told(entries, events)

    def _report(self, told: _Told) -> dict[str, Json]:
        report: dict[str, Json] = {
            "execution_id": self.execution_id,
            "sequence": self.sequence,
            "phase": self.phase,
            "started_at": iso8601(self.started_at) if self.started_at is not None else "",
            "completed_at": iso8601(self.completed_at) if self.completed_at is not None else "",
            "error": self.error,
            "tasks": fitting_entries(list(told.entries.values())),
            "events": told.events,
        }
        if self.subscriptions:
            report["subscriptions"] = self.subscriptions
        return report

    def to_json(self) -> dict[str, Json]:
        """What the next run must carry on; call it with no report in flight."""
        return {
            "execution_id": self.execution_id,
            "sequence": self.sequence,
            "events_made": self.events_made,
            "phase": self.phase,
            "started_at": self.started_at,
            "subscriptions": self.subscriptions,
            "running": self._running,
            "entries": [shorten(entry) for entry in self._entries.values()],
            "events": self._events,
            "told": {"entries": fitting_entries(list(self._told.entries.values())), "events": self._told.events},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Progress:
        """The progress that another run carried over."""
        found = cls(
            execution_id=value["execution_id"],
            sequence=value["sequence"],
            events_made=value["events_made"],
            phase=value["phase"],
            started_at=value["started_at"],
            subscriptions=value.get("subscriptions", []),
        )
        # What a run of an earlier version carries has no numbers: it is as new as can be.
        found._entries = {entry["task_id"]: {"n": found.sequence, **entry} for entry in value["entries"]}
        found._events = [{"n": found.sequence, **event} for event in value["events"]]
        told = value.get("told", {"entries": [], "events": []})
        found._told = _Told({entry["task_id"]: entry for entry in told["entries"]}, told["events"])
        found._again = bool(found._told)
        found._running = dict(value.get("running", {}))
        return found
