"""What a run meets that is wrong: models that answer rubbish or nothing, tools that do, servers that do not start.

Each ends as a typed error that says what to do, or as a text that the model reads and goes on with; none ever hangs.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from agent_runner_testing.mcp_servers import FAULTY
from agent_runner_testing.model import RUBBISH, ModelServer, Turn
from agent_runner_testing.registry import add_mcp_server
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from stigmer_agent_runner.engine.graphton.engine import GraphtonEngine
from stigmer_agent_runner.engine.protocol import (
    Completed,
    Control,
    Event,
    Failed,
    Notice,
    Outcome,
    Segment,
    ToolFailed,
)
from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from agent_runner_testing.api import ApiServer
    from agent_runner_testing.stack import Stack

ATTEMPTS = 3


class World:
    """One session whose model is at `model`."""

    def __init__(self, home: Path, model: ModelServer) -> None:
        self.paths = SessionPaths.of(home, "ses-1")
        self.paths.prepare()
        self.model = model
        self.events: list[Event] = []

    async def run(self, *, longest: float = 0.0, timeout: float = 20.0) -> Outcome:
        """Run an execution. longest: seconds of the longest pause between two attempts."""
        choice = ModelChoice(PROVIDERS["ollama"], "qwen3", self.model.base_url)
        segment = Segment("aex-1", "ses-1", "tester", "You take notes.", "go", choice, self.paths)
        engine = GraphtonEngine(RetryPolicy(ATTEMPTS, 0.0, longest), timeout, 20)
        async with asyncio.timeout(60):
            return await engine.run(segment, self.events.append, Control())

    def texts(self, kind: type[Any], field: str) -> list[str]:
        """What events of a type say."""
        return [getattr(event, field) for event in self.events if isinstance(event, kind)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A session and its model, which says `Here.` once it answers."""
    async with ModelServer({"go": [Turn("Here.")]}) as model:
        yield World(tmp_path, model)


@pytest.mark.parametrize("rubbish", RUBBISH)
async def test_an_answer_that_is_none_fails_with_its_endpoint_and_the_setting(world: World, rubbish: str) -> None:
    world.model.faults = [rubbish] * 10

    outcome = await world.run()

    assert isinstance(outcome, Failed)
    assert outcome.kind in {"model_protocol", "model_failed"}
    assert world.model.base_url in outcome.message
    assert 1 <= len(world.model.requests) <= ATTEMPTS


@pytest.mark.parametrize("rubbish", ["only the end", "an error in the stream"])
async def test_rubbish_that_passes_does_not_end_the_run(world: World, rubbish: str) -> None:
    world.model.faults = [rubbish]

    assert await world.run() == Completed("Here. ")


async def test_a_model_that_never_answers_fails_in_time_and_says_so(world: World) -> None:
    world.model.faults = ["silent"] * ATTEMPTS

    outcome = await world.run(timeout=0.3)

    assert isinstance(outcome, Failed)
    assert (outcome.kind, len(world.model.requests)) == ("model_unreachable", ATTEMPTS)
    assert f"Gave up after {ATTEMPTS} attempts" in outcome.message


async def test_a_tool_that_nobody_offered_is_an_error_that_the_model_reads(world: World) -> None:
    world.model.script = {"go": [Turn(calls=(("launch_rocket", {"at": "noon"}),)), Turn("I have no rocket.")]}

    assert await world.run() == Completed("I have no rocket. ")
    (error,) = world.texts(ToolFailed, "error")
    assert "launch_rocket" in error
    assert "read_file" in error


@pytest.mark.parametrize("status", [429, 500])
@pytest.mark.parametrize("asked", ["retry-after: 0.2", "retry-after-ms: 200", "date"])
async def test_the_pause_that_an_endpoint_asks_for_is_made(world: World, status: int, asked: str) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    world.model.faults = [(status, asked if asked != "date" else f"retry-after: {at}")]

    assert await world.run(longest=0.1) == Completed("Here. ")
    (notice,) = world.texts(Notice, "text")
    longest_allowed = 0.4
    assert f"next in {0.2 if asked != 'date' else longest_allowed} s" in notice


async def test_a_conversation_that_is_too_long_is_summarised_and_goes_on(world: World) -> None:
    turns = [Turn(calls=(("ls", {"path": "/"}), ("glob", {"pattern": f"*{n}"}))) for n in range(8)]
    world.model.script = {"go": [*turns, Turn("Here.")]}
    world.model.faults = [*["" for _ in range(8)], "overflow"]

    assert isinstance(await world.run(), Completed)
    assert len(world.model.requests) > len(turns) + 2


async def test_tools_that_fail_or_answer_rubbish_are_read_by_the_model(stack: Stack, api: ApiServer) -> None:
    stack.start_runner(mcp_call_seconds=5.0)  # what answers with nothing at all is waited for until then
    spec = {"stdio": {"command": sys.executable, "args": [FAULTY]}, "env": {"FAULTY_TOOLS": {}}}
    add_mcp_server(api, "odd", spec)
    kinds = ("shape", "nothing", "error", "bytes", "noise", "flood")
    calls = [f"      - call: [{{tool: rubbish, args: {{text: {kind}}}}}]" for kind in kinds]
    script = "\n".join(["version: 1", "cases:", "  - turns:", *calls, "      - say: I saw it all."])
    usage = {"mcp_server_ref": {"slug": "odd", "org": "local"}}
    execution = api.add_execution(
        api.add_session(api.add_agent(model="scripted", script=script, mcp_server_usages=[usage])), "go"
    )
    api.set_variables(execution, {"FAULTY_TOOLS": "rubbish"})
    await stack.start(execution)
    done = await api.finished(execution)

    assert (done.status.phase, done.status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
    assert done.status.messages[-1].content == "I saw it all."
    made = [call for message in done.status.messages if message.type == 2 for call in message.tool_calls]
    ended = dict(zip(kinds, made, strict=True))
    failed = {kind for kind, call in ended.items() if call.status == enum_pb2.TOOL_CALL_FAILED}
    assert {"shape", "nothing", "error"} <= failed
    assert "the disk is full" in ended["error"].error
    assert "'odd'" in ended["shape"].error
    assert ended["noise"].result == "after the noise"
    assert ended["flood"].result.endswith("more bytes are not shown]")


async def test_a_tool_that_does_not_answer_in_time_is_read_by_the_model(stack: Stack, api: ApiServer) -> None:
    stack.start_runner(mcp_call_seconds=1.0)
    add_mcp_server(api, "odd", {"stdio": {"command": sys.executable, "args": [FAULTY]}})
    script = "version: 1\ncases: [{turns: [{call: [{tool: sleep, args: {}}]}, {say: '{{tool.sleep}}'}]}]"
    usage = {"mcp_server_ref": {"slug": "odd", "org": "local"}}
    done = await stack.run(
        api.add_session(api.add_agent(model="scripted", script=script, mcp_server_usages=[usage])), "go"
    )

    assert (done.status.phase, done.status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
    assert "did not answer in 1 s; whether it had its effect is unknown" in done.status.messages[-1].content


@pytest.mark.parametrize(
    ("fault", "seconds", "kind", "words"),
    [
        ("die", 60.0, "mcp_start_failed", "no configuration found, giving up"),
        ("silent", 2.0, "mcp_start_timeout", "'odd'"),
    ],
)
async def test_an_mcp_server_that_does_not_start_fails_the_execution_by_name(
    stack: Stack, api: ApiServer, fault: str, seconds: float, kind: str, words: str
) -> None:
    stack.start_runner(mcp_start_seconds=seconds)
    spec = {"stdio": {"command": sys.executable, "args": [FAULTY]}, "env": {"FAULTY": {}}}
    add_mcp_server(api, "odd", spec)
    usage = {"mcp_server_ref": {"slug": "odd", "org": "local"}}
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", mcp_server_usages=[usage])), "go")
    api.set_variables(execution, {"FAULTY": fault})
    handle = await stack.start(execution)
    done = await api.finished(execution)

    assert done.status.phase == enum_pb2.EXECUTION_FAILED
    assert words in done.status.error
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, ApplicationError)
    assert caught.value.cause.type == kind
