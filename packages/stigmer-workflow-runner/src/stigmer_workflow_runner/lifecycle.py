"""The specification's lifecycle events as CloudEvents, made of the events of a report.

Ours: a document asks for them by `document.metadata.lifecycleEvents: true`, because each is a call of the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stigmer_api.dsl.errors import Json

PREFIX: Final = "io.serverlessworkflow."
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "execution_started": ("workflow", "started"),
    "execution_paused": ("workflow", "suspended"),
    "execution_resumed": ("workflow", "resumed"),
    "execution_completed": ("workflow", "completed"),
    "execution_failed": ("workflow", "faulted"),
    "execution_cancelled": ("workflow", "cancelled"),
    "task_started": ("task", "started"),
    "task_completed": ("task", "completed"),
    "task_failed": ("task", "faulted"),
    "task_retrying": ("task", "retried"),
}


def wanted_by(document: Mapping[str, Any], org: str) -> dict[str, Json] | None:
    """What events of a run of `document` say of it; None when it does not ask for them."""
    head = document.get("document") or {}
    metadata = head.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("lifecycleEvents") is not True:
        return None
    return {"org": org, "definition": {key: head.get(key) for key in ("namespace", "name", "version")}}


def cloud_event(event: Mapping[str, Json], run: Mapping[str, Any], execution_id: str) -> dict[str, Json] | None:
    """The lifecycle event that an event of a report is; None when the specification has none for it."""
    if event["type"] not in _KINDS:
        return None
    subject, verb = _KINDS[event["type"]]
    definition = run["definition"]
    name = f"{definition['name']}-{execution_id}.{definition['namespace']}"
    data: dict[str, Json] = {"workflow" if subject == "task" else "name": name, f"{verb}At": event["at"]}
    if subject == "task":
        data["task"] = event.get("pointer") or event["task_name"]
    elif verb == "started":
        data["definition"] = definition
    if event.get("error"):
        data["error"] = {"detail": event["error"]}
    return {
        "specversion": "1.0",
        "id": event["event_id"],
        "source": f"/{definition['namespace']}/{definition['name']}/{definition['version']}",
        "type": f"{PREFIX}{subject}.{verb}.v1",
        "subject": execution_id,
        "time": event["at"],
        "data": data,
    }
