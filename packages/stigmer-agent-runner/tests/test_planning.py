"""Executions that only plan: they look, change nothing, and answer with a plan that a later execution carries out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.player import Player

from stigmer_agent_runner.abilities import ServerUse
from stigmer_agent_runner.approvals.policy import Action, Approvals, Decision
from stigmer_agent_runner.checkpoints.local import LocalCheckpoints
from stigmer_agent_runner.engine import protocol as events
from stigmer_agent_runner.engine.gate import Answer, Call, Ending, Gate, Run
from stigmer_agent_runner.engine.ledger import Ledger
from stigmer_agent_runner.engine.protocol import Completed
from stigmer_agent_runner.mcp.config import ServerConfig, StdioTarget
from stigmer_agent_runner.mcp.policy import traits_of
from stigmer_agent_runner.mcp.remote import RemoteTool
from stigmer_agent_runner.tools.tool import Toolset, Traits
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from agent_runner_testing.api import ApiServer
    from agent_runner_testing.stack import Stack

PLAN = {"interaction_mode": enum_pb2.INTERACTION_MODE_PLAN}


def _gate(folder: Path, traits: Traits | None = None, approvals: Approvals | None = None) -> Gate:
    ledger = Ledger(LocalCheckpoints(folder / "checkpoints.db"), "aex-1")
    found = Toolset().traits if traits is None else lambda _name: traits
    return Gate("aex-1", approvals or Approvals(), found, ledger, lambda _: None, plans=True)


@pytest.mark.parametrize("tool", ["ls", "read_file", "glob", "grep", "write_todos", "task"])
async def test_a_plan_may_look(tmp_path: Path, tool: str) -> None:
    assert await _gate(tmp_path).judge(Call("c1", tool, {})) == Run({})


@pytest.mark.parametrize("tool", ["write_file", "edit_file", "delete", "execute", "nonsense"])
async def test_a_plan_changes_nothing_and_the_model_reads_why(tmp_path: Path, tool: str) -> None:
    verdict = await _gate(tmp_path).judge(Call("c1", tool, {}))
    assert isinstance(verdict, Answer)
    assert verdict.ending is Ending.SKIPPED
    assert f"this run only plans, and {tool} could change something" in verdict.text


async def test_no_approval_lets_a_planning_run_act(tmp_path: Path) -> None:
    decided = {"c1": Decision(Action.APPROVE_ALL, "ada", "2026-01-01T00:00:00Z")}
    for approvals in (Approvals(approve_all=True), Approvals(decisions=decided)):
        verdict = await _gate(tmp_path, Traits(), approvals).judge(Call("c1", "pay", {}))
        assert isinstance(verdict, Answer)


@pytest.mark.parametrize(
    ("hints", "pins", "may"),
    [
        ({"readOnlyHint": True}, {"find": "d"}, True),
        ({"readOnlyHint": True}, {}, False),
        ({"idempotentHint": True}, {"find": "d"}, False),
        ({}, {"find": "d"}, False),
    ],
)
def test_a_plan_may_call_tools_of_servers_that_only_read_and_are_pinned(
    hints: dict[str, Any], pins: dict[str, str], may: bool
) -> None:
    use = ServerUse(ServerConfig("mcp-1", "books", StdioTarget("books", (), "", {})), pins=pins)
    assert traits_of(use, RemoteTool("find", "", {}, hints)).reads_only is may


async def test_the_answer_of_a_planning_graph_is_its_plan(tmp_path: Path) -> None:
    async with ModelServer() as model:
        calls = (("note", {"note": "a"}), ("ls", {"path": "/"}), ("write_file", {"file_path": "/a", "content": "x"}))
        model.script = {"go": [Turn(calls=calls), Turn("First this, then that.")]}
        player = Player(tmp_path, model)
        player.more = {"plans": True}
        assert await player.play("go") == Completed("First this, then that. ")
        assert player.notes.lines == []
        assert list(player.paths.workspace.iterdir()) == []
        assert len(player.of(events.ToolSkipped)) == 2
        assert len(player.of(events.ToolDone)) == 1


SCRIPT = """
version: 1
cases:
  - on: {user_contains: plan}
    turns:
      - call: [{tool: write_file, args: {path: a.txt, content: x}}, {tool: glob, args: {pattern: "*"}}]
      - say: "1. Write a.txt."
  - turns:
      - call: [{tool: write_file, args: {path: a.txt, content: x}}]
      - say: "Written."
"""


@pytest.mark.parametrize("engine", ["scripted", "ollama:qwen3"])
async def test_a_plan_is_made_and_carried_out_in_one_session(stack: Stack, api: ApiServer, engine: str) -> None:
    async with ModelServer() as model:
        write = ("write_file", {"file_path": "/a.txt", "content": "x"})
        model.script = {
            "plan it": [Turn(calls=(write, ("glob", {"pattern": "*"}))), Turn("1. Write a.txt.")],
            "do it": [Turn(calls=(write,)), Turn("Written.")],
        }
        stack.start_runner(llm_base_url=model.base_url)
        session = api.add_session(api.add_agent(model=engine, script=SCRIPT))
        written = stack.home / "data" / "sessions" / session / "workspace" / "a.txt"

        missing = await stack.run(session, "do it", execution_config={"build_from_plan": True})
        assert "this session has no plan yet" in missing.status.error
        both = await stack.run(session, "do it", execution_config={**PLAN, "build_from_plan": True})
        assert "choose one" in both.status.error

        planned = await stack.run(session, "plan it", execution_config=PLAN)
        assert planned.status.phase == enum_pb2.EXECUTION_COMPLETED
        assert planned.status.messages[-1].content.strip() == "1. Write a.txt."
        calls = planned.status.messages[1].tool_calls
        assert [call.status for call in calls] == [enum_pb2.TOOL_CALL_SKIPPED, enum_pb2.TOOL_CALL_COMPLETED]
        assert not written.exists()

        built = await stack.run(session, "do it", execution_config={"build_from_plan": True})
        assert built.status.messages[-1].content.strip() == "Written."
        assert written.read_text() == "x"
        if model.requests:
            prompts = [json.dumps(request["messages"][0]["content"]) for request in model.requests]
            assert "In this turn you only plan." in prompts[0]
            assert "<plan>\\n1. Write a.txt." in prompts[-1]
