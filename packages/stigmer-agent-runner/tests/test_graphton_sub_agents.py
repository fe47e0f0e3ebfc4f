"""Sub-agents, skills and declared tools of graphton agents, against a real HTTP model on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_runner_testing.mcp_servers import until
from agent_runner_testing.model import ModelServer, Turn

from stigmer_agent_runner.abilities import Abilities, McpAccess, Skill, SubAgent
from stigmer_agent_runner.approvals.policy import Action, Approvals, Decision
from stigmer_agent_runner.engine.graphton.engine import GraphtonEngine
from stigmer_agent_runner.engine.protocol import (
    Completed,
    Control,
    Event,
    Failed,
    Outcome,
    Segment,
    StopReason,
    Waiting,
)
from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.status.reducer import StatusReducer
from stigmer_agent_runner.tools.access import McpTool
from stigmer_agent_runner.tools.tool import ApprovalRule, Invocation, Toolset, Traits
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

AT = "2026-01-01T00:00:00.000Z"


def task(text: str) -> tuple[str, dict[str, Any]]:
    """A call that delegates."""
    return ("task", {"subagent_type": "researcher", "description": text})


MAIN = [Turn("I ask two.", (task("moon distance"), task("sun heat"))), Turn("Both answered.")]
MOON = [Turn("I note it.", (("write_file", {"file_path": "/moon.txt", "content": "384400 km"}),)), Turn("384400 km")]
SUN = [Turn("", (("lookup", {"word": "sun"}),)), Turn("5500 degrees")]


class World:
    """One session of an agent with a sub-agent, a tool that asks when `asks` is set, and a skill."""

    def __init__(self, home: Path, model: ModelServer) -> None:
        self.model = model
        self.paths = SessionPaths.of(home, "ses-1")
        self.paths.prepare()
        self.calls: list[str] = []
        self.asks = False
        self.control = Control()
        self.reducer = StatusReducer(status_pb2.AgentExecutionStatus())
        self.reducer.begin("go", AT)
        self.skill_root = home / "skill"
        self.skill_root.mkdir()
        (self.skill_root / "SKILL.md").write_text("Always be exact.")

    async def _lookup(self, call: Invocation) -> str:
        self.calls.append(str(call.args["word"]))
        return "hot"

    def emit(self, event: Event) -> None:
        """Apply an event as the sink does."""
        self.reducer.apply(event, AT)

    def segment(self, **more: Any) -> Segment:
        """The segment of the one execution."""
        choice = ModelChoice(PROVIDERS["ollama"], "qwen3", self.model.base_url)
        rule = ApprovalRule("it costs money") if self.asks else None
        traits = Traits(approval=lambda _: rule, mcp_server="books")
        schema = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
        tool = McpTool("lookup", "Looks a word up.", schema, self._lookup, traits, "lookup")
        skill = Skill("exactness", "How to be exact", "0" * 64, self.skill_root, "Always be exact.")
        agent = SubAgent("researcher", "finds facts", "You find facts.", choice, (McpAccess("books"),), skills=(skill,))
        segment = Segment("aex-1", "ses-1", "tester", "You delegate.", "go", choice, self.paths, "", Toolset.of([tool]))
        return replace(segment, **{"abilities": Abilities(sub_agents=(agent,)), **more})

    async def run(self, **more: Any) -> Outcome:
        """Run, or go on."""
        engine = GraphtonEngine(RetryPolicy(1, 0.0, 0.0), timeout=20, max_steps=20)
        async with asyncio.timeout(60):
            return await engine.run(self.segment(**more), self.emit, self.control)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world whose model plays MAIN, MOON and SUN."""
    async with ModelServer({"go": MAIN, "moon": MOON, "sun": SUN}) as model:
        yield World(tmp_path, model)


async def test_sub_agents_work_with_their_own_instructions_tools_and_skills(world: World) -> None:
    outcome = await world.run()

    assert outcome == Completed("Both answered. ")
    moon, sun = sorted(world.reducer.take().sub_agent_executions, key=lambda item: str(item.input))
    assert (moon.name, moon.input, moon.status) == ("researcher", "moon distance", enum_pb2.SUB_AGENT_COMPLETED)
    assert (moon.output.strip(), sun.output.strip()) == ("384400 km", "5500 degrees")
    assert [(message.id, message.content.strip()) for message in moon.messages if message.type == 2] == [
        ("turn-0", "I note it."),
        ("turn-1", "384400 km"),
    ]
    call = sun.messages[0].tool_calls[0]
    assert (call.name, call.mcp_server_slug, call.status, call.result) == ("lookup", "books", 3, "hot")
    assert (world.paths.workspace / "moon.txt").read_text() == "384400 km"
    prompts = [str(request["messages"][0]["content"]) for request in world.model.requests]
    own = next(text for text in prompts if "You find facts." in text)
    assert "Always be exact." in own
    assert "You delegate." not in own
    offered = [{tool["function"]["name"] for tool in request["tools"]} for request in world.model.requests]
    assert "task" in offered[0]
    assert all("task" not in names for names in offered[1:-1])


async def test_a_sub_agent_that_waits_holds_back_neither_its_sibling_nor_what_was_done(world: World) -> None:
    world.asks = True

    outcome = await world.run()

    assert isinstance(outcome, Waiting)
    (ask,) = outcome.asks
    assert (ask.tool, ask.sub_agent, ask.sub_agent_subject) == ("lookup", "researcher", "sun heat")
    first = {item.input: item.status for item in world.reducer.take().sub_agent_executions}
    assert first == {
        "moon distance": enum_pb2.SUB_AGENT_COMPLETED,
        "sun heat": enum_pb2.SUB_AGENT_IN_PROGRESS,
    }
    asked = len(world.model.requests)
    decision = Decision(Action.APPROVE, by="ada", at=AT)

    again = await world.run(approvals=Approvals(decisions={ask.call_id: decision}))

    assert again == Completed("Both answered. ")
    assert world.calls == ["sun"]
    assert len(world.model.requests) - asked == 2  # the sub-agent's answer and the agent's: nothing is asked again
    (sun,) = [item for item in world.reducer.status.sub_agent_executions if item.input == "sun heat"]
    assert sun.status == enum_pb2.SUB_AGENT_COMPLETED


async def test_a_run_that_is_cut_off_inside_a_sub_agent_repeats_no_completed_call(world: World) -> None:
    gate = asyncio.Event()
    world.model.script["sun"] = [SUN[0], Turn("5500 degrees exactly", gate=gate)]
    running = asyncio.create_task(world.run())
    async with asyncio.timeout(30):
        noted = world.paths.workspace / "moon.txt"
        await until(lambda: bool(world.calls) and noted.exists() and len(world.model.requests) >= 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    gate.set()
    asked = len(world.model.requests)

    again = await world.run()

    assert again == Completed("Both answered. ")
    assert world.calls == ["sun"]
    texts = [str(request["messages"][-1]["content"]) for request in world.model.requests[asked:]]
    assert "moon distance" not in texts
    assert "sun heat" not in texts


async def test_a_stop_takes_hold_at_the_next_turn_of_a_sub_agent(world: World) -> None:
    gate = asyncio.Event()
    world.model.script["sun"] = [Turn("I look", (("lookup", {"word": "sun"}),), gate=gate), Turn("5500 degrees")]
    running = asyncio.create_task(world.run())
    async with asyncio.timeout(30):
        await until(lambda: len(world.model.requests) >= 4)
    world.control.request(StopReason.SLICE)
    gate.set()

    stopped = await running

    world.control = Control()
    assert not isinstance(stopped, Completed | Failed)
    assert await world.run() == Completed("Both answered. ")
    assert world.calls == ["sun"]


async def test_a_sub_agent_is_heard_while_it_speaks(world: World) -> None:
    gate = asyncio.Event()
    world.model.script["sun"] = [SUN[0], Turn("5500 degrees exactly", gate=gate)]
    running = asyncio.create_task(world.run())

    def said() -> list[str]:
        found = {item.input: item.messages for item in world.reducer.status.sub_agent_executions}
        return [message.content for message in found.get("sun heat", ()) if message.is_streaming]

    def heard() -> bool:
        world.reducer.take()
        return said() == ["5500 "]

    async with asyncio.timeout(30):
        await until(heard)
    gate.set()

    assert await running == Completed("Both answered. ")
    texts = [message.content for message in world.reducer.status.messages if message.type == enum_pb2.MESSAGE_AI]
    assert [text.strip() for text in texts] == [MAIN[0].say, "Both answered."]


async def test_a_sub_agent_of_another_engine_is_refused_by_name(world: World) -> None:
    agent = SubAgent("player", "", "You play.", ModelChoice(PROVIDERS["scripted"], ""))

    outcome = await world.run(abilities=Abilities(sub_agents=(agent,)))

    assert outcome == Failed(
        "not_supported",
        "the sub-agent 'player' uses scripted, which cannot run beside ollama:qwen3; choose another model_override",
    )
