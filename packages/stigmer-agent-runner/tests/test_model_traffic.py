"""Recording and replaying of models, Anthropic's API, and conversations that are too long: over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agent_runner_testing.anthropic_model import AnthropicServer
from agent_runner_testing.model import ModelServer, Turn

from stigmer_agent_runner.engine.graphton.engine import GraphtonEngine
from stigmer_agent_runner.engine.protocol import Completed, Control, Event, Failed, Outcome, Segment
from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.redaction import Redactor
from stigmer_agent_runner.sessions import SessionPaths

NOTE = [
    Turn("I write the word swordfish.", (("write_file", {"file_path": "/a.txt", "content": "one"}),)),
    Turn("Written."),
]


class World:
    """A home in which executions run, each in a session of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.runs = 0

    async def run(self, choice: ModelChoice, message: str = "note it", record: str = "", **more: Any) -> Outcome:
        """Run one execution."""
        self.runs += 1
        paths = SessionPaths.of(self.home, f"ses-{self.runs}")
        paths.prepare()
        segment = Segment(
            f"aex-{self.runs}", f"ses-{self.runs}", "tester", "Take notes.", message, choice, paths, **more
        )
        events: list[Event] = []
        engine = GraphtonEngine(RetryPolicy(3, 0.0, 0.0), 20.0, 20, record)
        async with asyncio.timeout(60):
            return await engine.run(segment, events.append, Control())

    @property
    def recording(self) -> Path:
        """The file of the recording `notes`."""
        return self.home / "data" / "recordings" / "notes.jsonl"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home."""
    return World(tmp_path)


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    """A model endpoint."""
    async with ModelServer({"note": NOTE}) as server:
        yield server


REPLAY = ModelChoice(PROVIDERS["replay"], "notes", PROVIDERS["replay"].base_url)


def ollama(model: ModelServer) -> ModelChoice:
    """The endpoint as a provider."""
    return ModelChoice(PROVIDERS["ollama"], "qwen3", model.base_url)


async def test_a_recorded_run_is_played_again_without_its_endpoint(world: World, model: ModelServer) -> None:
    model.faults = [503]
    recorded = await world.run(ollama(model), record="notes")
    asked = len(model.requests)

    replayed = await world.run(REPLAY)

    assert recorded == replayed == Completed("Written. ")
    assert len(model.requests) == asked
    assert (world.home / "data/sessions/ses-2/workspace/a.txt").read_text() == "one"
    assert world.recording.stat().st_mode & 0o777 == 0o600
    assert len(world.recording.read_text().splitlines()) == 2  # the answers, not the fault


async def test_no_secret_is_in_a_recording_and_it_replays_all_the_same(world: World, model: ModelServer) -> None:
    redactor = Redactor({"WORD": "swordfish"})

    recorded = await world.run(ollama(model), "note it", "notes", redactor=redactor)
    replayed = await world.run(REPLAY, "note it", redactor=redactor)

    assert recorded == replayed == Completed("Written. ")
    assert "swordfish" not in world.recording.read_text()


async def test_a_request_that_was_not_recorded_fails_by_name(world: World, model: ModelServer) -> None:
    await world.run(ollama(model), record="notes")

    other = await world.run(REPLAY, "note something else")
    missing = await world.run(ModelChoice(PROVIDERS["replay"], "nothing", "http://recording.invalid/v1"))
    outside = await world.run(ModelChoice(PROVIDERS["replay"], "../token", "http://recording.invalid/v1"))

    assert isinstance(other, Failed)
    assert (other.kind, "note something else" in other.message) == ("replay_missing", True)
    assert isinstance(missing, Failed)
    assert "there is no recording 'nothing'" in missing.message
    assert isinstance(outside, Failed)
    assert "is no name of a recording" in outside.message


async def test_a_conversation_that_is_too_long_fails_and_says_so(world: World, model: ModelServer) -> None:
    model.faults = ["overflow"] * 10

    outcome = await world.run(ollama(model))

    assert isinstance(outcome, Failed)
    assert outcome.kind == "context_overflow"
    assert "the conversation is too long for ollama" in outcome.message


async def test_anthropic_runs_tools_and_its_faults_are_told_like_others(world: World) -> None:
    async with AnthropicServer(status=[529]) as server:
        choice = ModelChoice(PROVIDERS["anthropic"], "claude-test", server.base_url, "sk-test")
        done = await world.run(choice)
        server.status = [401]
        refused = await world.run(choice)

    assert done == Completed("It is written.")
    assert (world.home / "data/sessions/ses-1/workspace/a.txt").read_text() == "hi"
    assert set(server.keys) == {"sk-test"}
    offered = {tool["name"] for tool in server.requests[0]["tools"]}
    assert "write_file" in offered
    assert "task" not in offered
    assert isinstance(refused, Failed)
    assert (refused.kind, "anthropic at" in refused.message) == ("model_auth", True)
