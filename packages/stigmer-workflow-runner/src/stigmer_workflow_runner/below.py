"""Shows tasks that lie elsewhere in the document (a function, an extension) below the task that runs them.

So two calls of one function are two entries of the progress.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import Task

if TYPE_CHECKING:
    from stigmer_workflow_runner.engine import Engine, Observer


def engine_below(engine: Engine, shown: str, own: str) -> Engine:
    """The engine for tasks whose pointers begin with `own`: they are shown with `shown` in its place."""
    inner = copy.copy(engine)
    inner.observer = cast("Observer", _Below(engine.observer, shown, own))
    return inner


class _Below:
    """An observer that hears of the tasks at `own` as if they were at `shown`."""

    def __init__(self, outer: Any, shown: str, own: str) -> None:
        self._outer, self._shown, self._own = outer, shown, own

    def __getattr__(self, name: str) -> Any:
        heard = getattr(self._outer, name)

        def tell(task: Task, *rest: Json, **more: Json) -> Any:
            return heard(replace(task, pointer=self._shown + task.pointer.removeprefix(self._own)), *rest, **more)

        return tell
