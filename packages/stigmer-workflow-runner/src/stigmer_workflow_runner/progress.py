"""What a run tells the server: task entries and events that were not acknowledged yet.

Pure data in the workflow; `workflow.py` sends it. Nothing is forgotten before the server took it, so a lost report is
repaired by the next. Bounds: in a loop only the latest `LOOP_SLOTS` iterations have entries (the entry of iteration n
takes over the id of iteration n - LOOP_SLOTS), and at most `MAX_EVENTS` events and `MAX_ENTRIES` entries wait for one
report; beyond that the oldest of loop iterations go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import Task
from stigmer_workflow_runner.entries import HUMAN, render_entries, shorten, task_id
from stigmer_workflow_runner.errors import bounded, describe
from stigmer_workflow_runner.json_text import readable, to_text
from stigmer_workflow_runner.state import Scope, iso8601

MAX_EVENTS: Final = 400
MAX_ENTRIES: Final = 400
MAX_EVENT_ERROR: Final = 500

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
    dirty: bool = False
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    _entries: dict[str, dict[str, Json]] = field(default_factory=dict)
    _events: list[dict[str, Json]] = field(default_factory=list)
    _in_flight: tuple[dict[str, dict[str, Json]], list[dict[str, Json]]] | None = None

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
        self._event(name, at, duration_ms=round(spent * 1000), error=self.error[:MAX_EVENT_ERROR])

    def paused(self, at: float, reason: str) -> None:
        """The run holds; told again, it holds still."""
        if self.phase == IN_PROGRESS:
            self.phase = PAUSED
            self._event("execution_paused", at, reason=reason[:MAX_EVENT_ERROR])

    def resumed(self, at: float) -> None:
        """The run goes on."""
        if self.phase == PAUSED:
            self.phase = IN_PROGRESS
            self._event("execution_resumed", at)

    # --- tasks -------------------------------------------------------------------------------------------------

    def started(self, task: Task, scope: Scope, at: float, given: Json) -> None:
        """A task began."""
        self._entry(task, scope, status=IN_PROGRESS, started_at=at, input=given)
        self._event("task_started", at, task, scope, attempt=scope.attempt)

    def completed(self, task: Task, scope: Scope, times: tuple[float, float], values: tuple[Json, Json]) -> None:
        """A task ended well."""
        began, at = times
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
        self._event("task_completed", at, task, scope, duration_ms=round((at - began) * 1000))

    def failed(self, task: Task, scope: Scope, times: tuple[float, float], error: dict[str, Json]) -> None:
        """A task ended with an error."""
        began, at = times
        text = readable(describe(bounded(error)))
        self._entry(task, scope, status=FAILED, started_at=began, completed_at=at, error=text)
        self._event(
            "task_failed",
            at,
            task,
            scope,
            duration_ms=round((at - began) * 1000),
            error=text[:MAX_EVENT_ERROR],
            attempt=scope.attempt,
        )

    def skipped(self, task: Task, scope: Scope, at: float) -> None:
        """The task's `if` was false."""
        self._entry(task, scope, status=SKIPPED, started_at=at, completed_at=at)
        self._event("task_skipped", at, task, scope, reason="the condition 'if' is false")

    def cancelled(self, task: Task, scope: Scope, times: tuple[float, float]) -> None:
        """A task was ended from outside."""
        began, at = times
        self._entry(task, scope, status=SKIPPED, started_at=began, completed_at=at, error="cancelled")
        self._event("task_skipped", at, task, scope, reason="cancelled: a timeout, a faster branch or the whole run")

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
        self._entries.pop(key, None)
        self._entries[key] = {
            "task_id": key,
            "task_name": task.name,
            "task_type": _TYPES.get(task.kind, "CUSTOM"),
            "kind": task.kind,
            "pointer": task.pointer,
            "attempt": scope.attempt,
            "iterations": list(scope.iterations),
            **values,
        }
        self.dirty = True
        if len(self._entries) > MAX_ENTRIES:
            oldest = next((k for k, entry in self._entries.items() if entry["iterations"]), next(iter(self._entries)))
            del self._entries[oldest]

    def _event(self, kind: str, at: float, task: Task | None = None, scope: Scope | None = None, **facts: Json) -> None:
        self.events_made += 1
        self._events.append(
            {
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
        self.dirty = True
        if len(self._events) > MAX_EVENTS:
            oldest = next((i for i, event in enumerate(self._events) if event["loop"]), 0)
            del self._events[oldest]

    # --- reports -----------------------------------------------------------------------------------------------

    def take(self) -> dict[str, Json]:
        """The next report, with everything not acknowledged. Answer with `acknowledge` or `give_back`."""
        self.sequence += 1
        self.dirty = False
        entries, events = self._entries, self._events
        self._in_flight = (entries, events)
        self._entries, self._events = {}, []
        report: dict[str, Json] = {
            "execution_id": self.execution_id,
            "sequence": self.sequence,
            "phase": self.phase,
            "started_at": iso8601(self.started_at) if self.started_at is not None else "",
            "completed_at": iso8601(self.completed_at) if self.completed_at is not None else "",
            "error": self.error,
            "tasks": render_entries(list(entries.values())),
            "events": [{**event, "at": iso8601(event["at"])} for event in events],
        }
        if self.subscriptions:
            report["subscriptions"] = self.subscriptions
        if self.has_output:
            report["output_json"] = to_text(self.output)
        return report

    def acknowledge(self) -> None:
        """The server took the report."""
        self._in_flight, self.subscriptions = None, []

    def give_back(self) -> None:
        """The report was lost: its content goes into the next one, under what is newer."""
        if self._in_flight is not None:
            entries, events = self._in_flight
            self._in_flight = None
            self._entries = {**{k: v for k, v in entries.items() if k not in self._entries}, **self._entries}
            self._events = [*events, *self._events][-MAX_EVENTS:]
            self.dirty = True

    def to_json(self) -> dict[str, Json]:
        """What the next run must carry on; call it with no report in flight."""
        return {
            "execution_id": self.execution_id,
            "sequence": self.sequence,
            "events_made": self.events_made,
            "phase": self.phase,
            "started_at": self.started_at,
            "dirty": self.dirty,
            "subscriptions": self.subscriptions,
            "entries": [shorten(entry) for entry in self._entries.values()],
            "events": self._events,
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
            dirty=value["dirty"],
            subscriptions=value.get("subscriptions", []),
        )
        found._entries = {entry["task_id"]: entry for entry in value["entries"]}
        found._events = list(value["events"])
        return found
