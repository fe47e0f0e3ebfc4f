"""`compensate` of uploaded tasks, said with what the DSL has.

A task that can be undone is followed by a `try` around all tasks after it. When one of those fails, its `catch` runs
the undoing on the task's output and raises the error again, so that the tasks before it are undone too: in reverse
order, each once, durably.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import DIRECTIVES

ERROR: Final = "undoing"
_RAISE: Final = {
    "raise": {"error": {name: f"${{ ${ERROR}.{name} }}" for name in ("type", "status", "instance", "title", "detail")}}
}


def undone(name: str, rest: list[Json], compensation: list[Json]) -> dict[str, Json]:
    """The task that follows `name`: the `rest` of the list, and the compensation when it fails."""
    catch = {"as": ERROR, "do": [*compensation, {f"{name}-failed": _RAISE}]}
    return {f"{name}-then": {"try": rest, "catch": catch}}


def jumps_out(task: Mapping[str, Json]) -> list[str]:
    """Names of tasks that a task of a list may go to."""
    flow = (task.get("flow") or {}).get("then")
    config = task.get("task_config") or {}
    places = [
        flow,
        config.get("fallback_task"),
        (config.get("output") or {}).get("fallback_task") if isinstance(config.get("output"), Mapping) else None,
    ]
    for key in ("cases", "outcomes"):
        places += [item.get("then") for item in config.get(key) or [] if isinstance(item, Mapping)]
    return [str(place) for place in places if place and place not in DIRECTIVES]
