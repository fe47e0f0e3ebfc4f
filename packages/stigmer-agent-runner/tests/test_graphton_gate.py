"""The graph behind the gate: declared tools, answers by call, and resuming from whatever was saved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.player import Player

from stigmer_agent_runner.approvals.policy import Action, Decision
from stigmer_agent_runner.checkpoints.local import LocalCheckpoints
from stigmer_agent_runner.engine import protocol as events
from stigmer_agent_runner.engine.ledger import Ledger
from stigmer_agent_runner.engine.protocol import (
    Completed,
    Control,
    Outcome,
    StopReason,
    Waiting,
    Yielded,
)

YES = Decision(Action.APPROVE, "ada")
OK = Completed("ok ")  # the model streams words, each with a space


@pytest.fixture
async def player(tmp_path: Path) -> AsyncIterator[Player]:
    """A player with a model of its own."""
    async with ModelServer() as model:
        yield Player(tmp_path, model)


def asked(outcome: Outcome) -> list[str]:
    """The calls that an outcome waits for."""
    assert isinstance(outcome, Waiting)
    return sorted(ask.call_id for ask in outcome.asks)


def note(tool: str, text: str) -> tuple[str, dict[str, Any]]:
    """One call of a turn."""
    return (tool, {"note": text})


async def test_a_declared_tool_is_offered_and_run_with_its_call(player: Player) -> None:
    player.model.script = {
        "go": [Turn(calls=(note("note", "one"), note("note", "refuse"), note("note", "break"))), Turn("ok")]
    }
    assert await player.play("go") == OK
    offered = {tool["function"]["name"]: tool["function"] for tool in player.model.requests[0]["tools"]}
    assert offered["note"]["parameters"]["required"] == ["note"]
    assert player.notes.lines == ["one"]
    assert [event.result for event in player.of(events.ToolDone)] == ["noted one (aex-1)"]
    assert sorted(event.error for event in player.of(events.ToolFailed)) == [
        "Error: ValueError: broken",
        "Error: this note is refused",
    ]


async def test_parallel_answers_reach_their_own_calls_one_by_one(player: Player) -> None:
    calls = (note("ask_first", "a"), note("note", "free"), note("ask_first", "b"), note("ask_first", "c"))
    player.model.script = {"go": [Turn(calls=calls), Turn("ok")]}
    first = await player.play("go")
    a, b, c = (event.call_id for event in player.of(events.ToolRequested) if event.name == "ask_first")
    assert asked(first) == sorted([a, b, c])
    assert player.notes.lines == ["free"]

    assert asked(await player.play("go", **{b: Decision(Action.APPROVE, args={"note": "B"})})) == sorted([a, c])
    assert player.notes.lines == ["free", "B"]
    assert asked(await player.play("go", **{b: YES})) == sorted([a, c])
    done = await player.play("go", **{a: Decision(Action.REJECT, "ada", comment="no"), b: YES, c: YES})

    assert done == OK
    assert player.notes.lines == ["free", "B", "c"]
    assert len(player.model.requests) == 2
    results = [item["content"] for item in player.model.requests[1]["messages"] if item["role"] == "tool"]
    wanted = ["Rejected: ada does not allow", "noted free (aex-1)", "noted B (aex-1)", "noted c (aex-1)"]
    assert all(text in result for text, result in zip(wanted, results, strict=True))
    assert [event.call_id for event in player.of(events.ToolSkipped)] == [a]


async def test_a_call_that_was_under_way_asks_and_runs_again_only_when_told_to(player: Player) -> None:
    player.model.script = {"go": [Turn(calls=(note("note", "once"), note("safe", "again"))), Turn("ok")]}
    player.notes.hold = asyncio.Event()
    running = asyncio.create_task(player.play("go"))
    await asyncio.wait_for(player.notes.held(2), 20)
    running.cancel()  # what a kill leaves: started in the ledger, nothing in the checkpoint
    await asyncio.gather(running, return_exceptions=True)
    player.notes.hold = None

    call = next(event.call_id for event in player.of(events.ToolRequested) if event.name == "note")
    assert asked(await player.play("go")) == [call]
    assert player.notes.lines == ["again"]
    assert await player.play("go", **{f"{call}/retry-1": YES}) == OK
    assert player.notes.lines == ["again", "once"]


async def test_a_result_in_the_ledger_stands_for_a_checkpoint_that_was_lost(player: Player) -> None:
    player.model.script = {"go": [Turn(calls=(note("ask_first", "a"),)), Turn("ok")]}
    [call] = asked(await player.play("go"))
    ledger = Ledger(LocalCheckpoints(player.paths.checkpoints), "aex-1")
    await ledger.start(call, "ask_first")
    await ledger.done(call, "noted before the crash", failed=False)
    assert await player.play("go") == OK
    assert player.notes.lines == []
    assert player.of(events.ToolDone)[-1].result == "noted before the crash"


async def test_a_stop_leaves_the_question_for_the_next_segment(player: Player) -> None:
    player.model.script = {"go": [Turn(calls=(note("ask_first", "a"),)), Turn("ok")]}
    [call] = asked(await player.play("go"))
    player.control.request(StopReason.SLICE)
    assert await player.play("go", **{call: YES}) in (Yielded(), OK)
    player.control = Control()
    assert await player.play("go", **{call: YES}) == OK
    assert player.notes.lines == ["a"]
