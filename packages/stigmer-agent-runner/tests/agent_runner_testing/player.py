"""Runs segments of the engine `graphton` against a model, without Temporal and without a server."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from agent_runner_testing.model import ModelServer
from agent_runner_testing.tools import Notebook
from stigmer_agent_runner.approvals.policy import Approvals, Decision
from stigmer_agent_runner.engine.graphton.engine import GraphtonEngine
from stigmer_agent_runner.engine.protocol import Control, Emit, Event, Outcome, Segment
from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.tools.tool import Toolset


class Player:
    """Runs segments of one execution as segment.py does it. more: further fields of its segments."""

    def __init__(self, home: Path, model: ModelServer) -> None:
        self.paths = SessionPaths.of(home, "ses-1")
        self.paths.prepare()
        self.model = model
        self.notes = Notebook(home / "notes.log")
        self.events: list[Event] = []
        self.control = Control()
        self.more: dict[str, Any] = {}
        self.emit: Emit = self.events.append

    async def play(self, message: str, **decisions: Decision) -> Outcome:
        """One segment. decisions: answers by the id of their call."""
        choice = ModelChoice(PROVIDERS["ollama"], "qwen3", self.model.base_url)
        segment = Segment("aex-1", "ses-1", "tester", "You take notes.", message, choice, self.paths)
        async with self.notes.open(None, None) as tools:
            ready = dataclasses.replace(
                segment, tools=Toolset.of(tools), approvals=Approvals(decisions=decisions), **self.more
            )
            engine = GraphtonEngine(RetryPolicy(2, 0.0, 0.0), 20.0, 50)
            return await engine.run(ready, self.emit, self.control)

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of a type."""
        return [event for event in self.events if isinstance(event, kind)]
