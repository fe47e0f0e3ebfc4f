"""The runner, the server and Temporal die before and after everything that matters; no completed call is repeated.

All three are processes of their own, the model is an HTTP server, and the tools keep logs of their own. In the suite
two runs go through several deaths each. `STIGMER_KILL_MATRIX=full` adds a run for every victim, place and engine:
`STIGMER_KILL_MATRIX=full uv run pytest -n 2 --dist=load packages/stigmer-agent-runner/tests/test_kill_matrix.py`.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.tools import Notebook
from agent_runner_testing.whole import MODEL, RUNNER, SERVER, TEMPORAL, Peers, Whole, peers

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

PLACES = (
    "before-send",
    "after-send",
    "before-model",
    "after-model",
    "before-approval",
    "after-approval",
    "before-tool-start",
    "after-tool-start",
    "before-tool-end",
    "after-tool-end",
    "before-checkpoint",
    "after-checkpoint",
)
ENGINES = ("scripted", "ollama:qwen3")
TURNS: list[list[tuple[str, str]]] = [
    [("note", "a1"), ("ask_first", "a2"), ("safe", "a3")],
    [("note", "b1"), ("safe", "b2")],
    [("note", "c1")],
    [("ask_first", "d1"), ("note", "d2")],
]
BOUND = 400
"""Seconds that a run may take, on a machine that is busy with much else."""

FULL = os.environ.get("STIGMER_KILL_MATRIX") == "full"
SEVERAL = (
    ("scripted", ("runner@before-tool-end", "temporal@after-approval", "server@after-tool-end", "runner@before-send")),
    (
        "ollama:qwen3",
        ("runner@after-tool-start", "server@after-approval", "temporal@before-tool-end", "runner@before-checkpoint"),
    ),
)
SINGLE = [
    f"{victim}@{place}{time}"
    for victim in (RUNNER, SERVER, TEMPORAL)
    for place in PLACES
    for time in ("", ":2" if "approval" in place else ":3")
]
"""Every victim at every place, at its first and at a later time there."""


def _turns(tag: str) -> list[list[tuple[str, str]]]:
    """The calls of each turn, with notes that only one run makes."""
    return [[(tool, f"{tag}-{note}") for tool, note in turn] for turn in TURNS]


@dataclass
class Killed:
    """One execution that outlives the processes that carry it."""

    world: Whole
    execution: str
    notes: Notebook

    async def finished(self) -> Any:
        """Its last state. Approves what asks; whether a call that was under way happened is in the log of the tool."""
        state: Any = None
        async for state in self.world.states(self.execution):
            for item in state.status.pending_approvals:
                happened = item.request_id != item.tool_call_id and _note_of(state, item) in self.notes.lines
                await self.world.answer(self.execution, item.tool_call_id, "SKIP" if happened else "APPROVE")
        return state


def _note_of(execution: Any, item: Any) -> str:
    calls = [call for message in execution.status.messages for call in message.tool_calls]
    return next(str(call.args["note"]) for call in calls if call.id == item.tool_call_id and "note" in call.args)


def _script(turns: list[list[tuple[str, str]]]) -> str:
    lines = ["version: 1", "cases:", "  - turns:"]
    for turn in turns:
        calls = ", ".join(f"{{tool: {tool}, args: {{note: {note}}}}}" for tool, note in turn)
        lines.append(f"      - call: [{calls}]")
    return "\n".join([*lines, "      - say: All is noted.", ""])


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    """Temporal, a server and a runner for all tests of this file."""
    with peers(tmp_path_factory.mktemp("whole")) as started:
        yield started


@pytest.fixture
async def model(processes: Peers) -> AsyncIterator[ModelServer]:
    """The model that the runner knows."""
    async with ModelServer(port=processes.ports[MODEL]) as server:
        yield server


async def _survives(peers: Peers, model: ModelServer, engine: str, plan: Sequence[str]) -> None:
    """Run through the deaths of a plan and look at what is left."""
    turns = _turns(os.urandom(4).hex())
    calls = [tuple((tool, {"note": note}) for tool, note in turn) for turn in turns]
    model.script = {"go": [*(Turn(calls=turn) for turn in calls), Turn("All is noted.")]}
    peers.plan(plan)
    async with Whole.of(peers) as world:
        execution = await world.run(model=engine, script=_script(turns))
        async with asyncio.timeout(BOUND):
            done = await Killed(world, execution, peers.notes).finished()
    victims = [item.partition("@")[0] for item in plan]
    assert Counter(world.deaths) == Counter(victims)  # places of calls that run beside each other have no order
    _is_whole(done, turns, peers.notes.lines)
    if engine != "scripted":  # an answer that was not saved is asked for again, and only a runner forgets one
        assert len(model.requests) <= len(turns) + 1 + world.deaths.count(RUNNER)


def _is_whole(done: Any, turns: list[list[tuple[str, str]]], lines: list[str]) -> None:
    assert (done.status.phase, done.status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
    wanted = Counter(note for turn in turns for _, note in turn)
    written = Counter(line for line in lines if line in wanted)
    safe = {note for turn in turns for tool, note in turn if tool == "safe"}
    assert {note: 1 if note in safe else count for note, count in written.items()} == dict(wanted)
    messages = [message for message in done.status.messages if message.type == enum_pb2.MESSAGE_AI]
    assert [message.id for message in messages] == [f"turn-{number}" for number in range(len(turns) + 1)]
    assert messages[-1].content.strip() == "All is noted."
    shown = [[(call.name, call.args["note"]) for call in message.tool_calls] for message in messages[:-1]]
    assert shown == turns
    assert not any(message.is_streaming for message in done.status.messages)
    assert not done.status.pending_approvals
    ended = {enum_pb2.TOOL_CALL_COMPLETED, enum_pb2.TOOL_CALL_SKIPPED}
    assert {call.status for message in messages for call in message.tool_calls} <= ended


@pytest.mark.timeout(BOUND + 60)
@pytest.mark.parametrize(("engine", "plan"), SEVERAL)
async def test_a_run_through_several_deaths_repeats_no_completed_call(
    processes: Peers, model: ModelServer, engine: str, plan: tuple[str, ...]
) -> None:
    await _survives(processes, model, engine, plan)


@pytest.mark.skipif(not FULL, reason="STIGMER_KILL_MATRIX=full runs it")
@pytest.mark.timeout(BOUND + 60)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("death", SINGLE if FULL else ["any"])
async def test_a_run_with_one_death_repeats_no_completed_call(
    processes: Peers, model: ModelServer, engine: str, death: str
) -> None:
    await _survives(processes, model, engine, (death,))
