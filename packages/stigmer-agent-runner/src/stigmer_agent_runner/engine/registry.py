"""The one registry of engines. Modules load on first use: LangGraph costs about a second and 90 MB."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from stigmer_agent_runner.errors import AgentRunnerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stigmer_agent_runner.engine.protocol import AgentEngine
    from stigmer_agent_runner.settings import Settings

_ENGINES: dict[str, str] = {
    "scripted": "stigmer_agent_runner.engine.scripted.engine:create",
    "graphton": "stigmer_agent_runner.engine.graphton.engine:create",
}


class Engines:
    """Makes each engine once, on first use. `create(settings)` of the engine's module returns it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, AgentEngine] = {}

    def get(self, name: str) -> AgentEngine:
        """Return the engine `name`. Slow the first time: call it in a thread."""
        if name not in self._made:
            self._made[name] = _factory(name)(self._settings)
        return self._made[name]


def _factory(name: str) -> Callable[[Settings], AgentEngine]:
    target = _ENGINES.get(name)
    if target is None:
        raise AgentRunnerError(f"there is no engine {name!r}; there are {', '.join(_ENGINES)}")
    module, _, attribute = target.partition(":")
    return cast("Callable[[Settings], AgentEngine]", getattr(importlib.import_module(module), attribute))
