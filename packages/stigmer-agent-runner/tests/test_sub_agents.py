"""Sub-agents of scripted agents: their cases, their tools, their status, approvals inside them, and resuming."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stigmer_agent_runner.abilities import Abilities, McpAccess, SubAgent
from stigmer_agent_runner.approvals.policy import Action, Approvals, Decision
from stigmer_agent_runner.engine.protocol import (
    Completed,
    Control,
    Event,
    Failed,
    Outcome,
    Segment,
    SubAgentEvent,
    ToolStarted,
    Waiting,
)
from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.engine.scripted.engine import ScriptedEngine
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.status.reducer import StatusReducer
from stigmer_agent_runner.tools.access import McpTool
from stigmer_agent_runner.tools.tool import ApprovalRule, Invocation, Toolset, Traits
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

AT = "2026-01-01T00:00:00.000Z"
MODEL = ModelChoice(PROVIDERS["scripted"], "")

SCRIPT = """\
version: 1
cases:
  - name: fact
    on: {agent: researcher, user_contains: moon}
    turns:
      - say: I look it up.
        call:
          - {tool: write_file, args: {path: moon.txt, content: "384400 km"}}
          - {tool: write_todos, args: {todos: [{content: look, status: completed}]}}
      - say: It is 384400 km away.
  - name: other fact
    on: {agent: researcher}
    turns:
      - call: [{tool: lookup, args: {word: sun}}]
      - say: "Found: {{tool.lookup}}"
  - name: main
    turns:
      - say: I ask two.
        call:
          - {tool: task, args: {subagent_type: researcher, description: How far is the moon?}}
          - {tool: task, args: {subagent_type: researcher, description: How hot is the sun?}}
      - say: "Both answered: {{tool.task}}"
"""


class World:
    """One session whose agent has a sub-agent with a tool that asks when `asks` is set."""

    def __init__(self, home: Path) -> None:
        self.paths = SessionPaths.of(home, "ses-1")
        self.paths.prepare()
        self.calls: list[str] = []
        self.events: list[Event] = []
        self.reducer = StatusReducer(status_pb2.AgentExecutionStatus())
        self.reducer.begin("go", AT)
        self.asks = False

    async def _lookup(self, call: Invocation) -> str:
        self.calls.append(str(call.args["word"]))
        return "5500 degrees"

    def emit(self, event: Event) -> None:
        """Keep an event, and apply it as the sink does."""
        self.events.append(event)
        self.reducer.apply(event, AT)

    async def run(self, script: str = SCRIPT, **more: Any) -> Outcome:
        """Run, or go on."""
        rule = ApprovalRule("it costs money") if self.asks else None
        traits = Traits(approval=lambda _: rule, mcp_server="books")
        tool = McpTool("lookup", "", {"type": "object"}, self._lookup, traits, "lookup")
        hidden = replace(tool, name="hidden", remote_name="hidden")
        agent = SubAgent("researcher", "finds facts", "You find facts.", MODEL, (McpAccess("books", ("lookup",)),))
        segment = Segment(
            "aex-1", "ses-1", "tester", "You delegate.", "go", MODEL, self.paths, script, Toolset.of([tool, hidden])
        )
        segment = replace(segment, **{"abilities": Abilities(sub_agents=(agent,)), **more})
        return await ScriptedEngine(RetryPolicy(1, 0.0, 0.0)).run(segment, self.emit, Control())

    def sub_agents(self) -> list[status_pb2.SubAgentExecution]:
        """The sub-agents as the status has them."""
        return list(self.reducer.take().sub_agent_executions)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world with a session of its own."""
    return World(tmp_path)


async def test_sub_agents_answer_by_their_own_cases_and_the_agent_reads_their_answers(world: World) -> None:
    outcome = await world.run()

    moon, sun = world.sub_agents()
    assert outcome == Completed("Both answered: Found: 5500 degrees")
    assert (moon.name, moon.input, moon.subject) == ("researcher", "How far is the moon?", "How far is the moon?")
    assert (moon.status, moon.output) == (enum_pb2.SUB_AGENT_COMPLETED, "It is 384400 km away.")
    assert [(message.id, message.content) for message in moon.messages if message.type == enum_pb2.MESSAGE_AI] == [
        ("turn-0", "I look it up."),
        ("turn-1", "It is 384400 km away."),
    ]
    assert [call.status for call in moon.messages[0].tool_calls] == [enum_pb2.TOOL_CALL_COMPLETED] * 2
    assert [todo.content for todo in moon.todos.values()] == ["look"]
    assert sun.messages[0].tool_calls[0].mcp_server_slug == "books"
    assert (world.paths.workspace / "moon.txt").read_text() == "384400 km"
    task = world.reducer.status.messages[1].tool_calls[0]
    assert (task.id, task.tool_kind) == (moon.id, enum_pb2.TOOL_KIND_SUBAGENT)


async def test_a_sub_agent_that_waits_holds_back_neither_its_sibling_nor_what_was_done(world: World) -> None:
    world.asks = True

    outcome = await world.run()

    assert isinstance(outcome, Waiting)
    (ask,) = outcome.asks
    assert (ask.tool, ask.sub_agent, ask.sub_agent_subject) == ("lookup", "researcher", "How hot is the sun?")
    moon, sun = world.sub_agents()
    assert (moon.status, sun.status) == (enum_pb2.SUB_AGENT_COMPLETED, enum_pb2.SUB_AGENT_IN_PROGRESS)
    assert sun.messages[0].tool_calls[0].status == enum_pb2.TOOL_CALL_WAITING_APPROVAL
    (pending,) = world.reducer.status.pending_approvals
    assert (pending.from_sub_agent, pending.sub_agent_name, pending.mcp_server_slug) == (True, "researcher", "books")

    decision = Decision(Action.APPROVE, by="ada", at=AT)
    again = await world.run(approvals=Approvals(decisions={ask.call_id: decision}))

    assert again == Completed("Both answered: Found: 5500 degrees")
    assert world.calls == ["sun"]
    assert not world.reducer.status.pending_approvals
    inside = [event.event for event in world.events if isinstance(event, SubAgentEvent)]
    started = [event.call_id for event in inside if isinstance(event, ToolStarted)]
    assert len(started) == len(set(started)) == 3


async def test_a_run_that_resumes_repeats_no_call_inside_a_sub_agent(world: World) -> None:
    await world.run()

    again = await world.run()

    assert again == Completed("Both answered: Found: 5500 degrees")
    assert world.calls == ["sun"]
    assert len(world.reducer.status.sub_agent_executions) == 2


async def test_a_sub_agent_has_only_the_tools_that_it_declares(world: World) -> None:
    script = SCRIPT.replace("tool: lookup,", "tool: hidden,").replace("{{tool.lookup}}", "{{tool.hidden}}")

    outcome = await world.run(script)

    assert isinstance(outcome, Completed)
    assert "there is no tool 'hidden'" in outcome.text


async def test_a_sub_agent_that_fails_is_an_error_that_the_agent_reads(world: World) -> None:
    script = SCRIPT.replace("researcher, description: How hot", "nobody, description: How hot")

    outcome = await world.run(script)

    assert outcome == Completed("Both answered: Error: task needs a `description` and a `subagent_type`: researcher")


async def test_a_task_that_no_case_takes_names_the_case_that_is_missing(world: World) -> None:
    script = SCRIPT.replace("on: {agent: researcher}", "on: {agent: researcher, user_contains: mars}")

    outcome = await world.run(script)

    assert isinstance(outcome, Completed)
    assert "add a case with `on: {agent: researcher}`" in outcome.text
    assert world.sub_agents()[1].status == enum_pb2.SUB_AGENT_FAILED


async def test_a_sub_agent_with_a_model_beside_a_scripted_agent_is_refused_by_name(world: World) -> None:
    model = ModelChoice(PROVIDERS["ollama"], "qwen3", "http://127.0.0.1:1/v1")
    agent = SubAgent("writer", "", "You write things.", model)

    outcome = await world.run(abilities=Abilities(sub_agents=(agent,)))

    assert isinstance(outcome, Failed)
    assert "the sub-agent 'writer' uses ollama:qwen3" in outcome.message
