"""The specification's lifecycle events as CloudEvents, made of the events of a report.

Ours: a document asks for them by `document.metadata.lifecycleEvents: true`, because each is a call of the server; with
`all` the optional `status-changed` come too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stigmer_api.dsl.errors import Json

PREFIX: Final = "io.serverlessworkflow."
_KINDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "execution_started": ("workflow", "started", "running"),
    "execution_paused": ("workflow", "suspended", "suspended"),
    "execution_resumed": ("workflow", "resumed", "running"),
    "execution_completed": ("workflow", "completed", "completed"),
    "execution_failed": ("workflow", "faulted", "faulted"),
    "execution_cancelled": ("workflow", "cancelled", "cancelled"),
    "task_started": ("task", "started", "running"),
    "task_completed": ("task", "completed", "completed"),
    "task_failed": ("task", "faulted", "faulted"),
    "task_retrying": ("task", "retried", "running"),
    "task_skipped": ("task", "cancelled", "cancelled"),
}
"""Subject, verb and status by the type of a report's event; `task_skipped` counts only when it was cancelled."""

LISTEN: Final = "listen"
"""Kind of the tasks that correlate events."""


def wanted_by(document: Mapping[str, Any], org: str) -> dict[str, Json] | None:
    """What events of a run of `document` say of it; None when it does not ask for them."""
    head = document.get("document") or {}
    metadata = head.get("metadata")
    asked = metadata.get("lifecycleEvents") if isinstance(metadata, Mapping) else None
    if asked is not True and asked != "all":
        return None
    definition = {key: head.get(key) for key in ("namespace", "name", "version")}
    return {"org": org, "definition": definition, "statuses": asked == "all"}


def cloud_events(event: Mapping[str, Any], run: Mapping[str, Any], execution_id: str) -> Iterator[dict[str, Json]]:
    """The lifecycle events that an event of a report stands for, in order; most stand for one, some for none."""
    if event["type"] not in _KINDS or (event["type"] == "task_skipped" and not event.get("cancelled")):
        return
    make = _Maker(event, run, execution_id)
    subject, verb, status = _KINDS[event["type"]]
    task = _task_of(event) if subject == "task" else None
    correlates = subject == "task" and event.get("kind") == LISTEN
    if event["type"] == "task_started":
        yield make.event("task", "created", task)
    yield make.event(subject, verb, task, _more(event, verb, run))
    if correlates and verb == "started":
        yield make.event("workflow", "correlation-started")
    if correlates and verb == "completed":
        yield make.event("workflow", "correlation-completed", None, {"correlationKeys": event.get("keys") or {}})
    if verb in ("suspended", "resumed"):
        for place in event.get("running", []):
            yield make.event("task", verb, place)
    if run.get("statuses"):
        yield make.event(subject, "status-changed", task, {"status": status})


def _task_of(event: Mapping[str, Any]) -> str:
    return str(event.get("pointer") or event["task_name"])


def _more(event: Mapping[str, Any], verb: str, run: Mapping[str, Any]) -> dict[str, Json]:
    if event["type"] == "execution_started":
        return {"definition": run["definition"]}
    if verb == "faulted":
        return {"error": event.get("fault") or {"detail": event.get("error", "")}}
    return {}


_MOMENTS: Final[Mapping[str, str]] = {
    "correlation-started": "startedAt",
    "correlation-completed": "completedAt",
    "status-changed": "updatedAt",
}


class _Maker:
    """Makes the CloudEvents of one event of a report. Their ids are made of its, so they are the same each time."""

    def __init__(self, event: Mapping[str, Any], run: Mapping[str, Any], execution_id: str) -> None:
        self._event, self._definition, self._execution_id = event, run["definition"], execution_id

    def event(
        self, subject: str, verb: str, task: str | None = None, more: Mapping[str, Json] | None = None
    ) -> dict[str, Json]:
        """One of them. `task` is the pointer of what it is about, None for the workflow."""
        head = self._definition
        name = f"{head['name']}-{self._execution_id}.{head['namespace']}"
        data: dict[str, Json] = {"name": name} if task is None else {"workflow": name, "task": task}
        data[_MOMENTS.get(verb, f"{verb}At")] = self._event["at"]
        ours = subject + "." + verb
        own = _KINDS[self._event["type"]]
        place = "" if ours == f"{own[0]}.{own[1]}" else f"/{ours}{task or ''}"
        return {
            "specversion": "1.0",
            "id": f"{self._event['event_id']}{place}",
            "source": f"/{head['namespace']}/{head['name']}/{head['version']}",
            "type": f"{PREFIX}{ours}.v1",
            "subject": self._execution_id,
            "time": self._event["at"],
            "data": {**data, **(more or {})},
        }
