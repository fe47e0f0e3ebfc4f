"""What we rely on of LangGraph, LangChain and deepagents: each of these broke once with a new version of theirs.

Other files of this folder hold the rest of that contract: imports and their weight (test_imports), the tools that a
model is offered, memory, to-dos and usage (test_graphton_on_temporal), approvals one by one and in parallel
(test_graphton_gate), kills of serial, parallel and nested calls (test_crashes, test_kill_matrix).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.player import Player

from stigmer_agent_runner.engine import loops
from stigmer_agent_runner.engine import protocol as events
from stigmer_agent_runner.engine.protocol import Completed, Control, Failed, StopReason, Yielded


@pytest.fixture
async def player(tmp_path: Path) -> AsyncIterator[Player]:
    """A player with a model of its own."""
    async with ModelServer() as model:
        yield Player(tmp_path, model)


def notes(count: int) -> list[Turn]:
    """Turns that take a note each, then an answer."""
    return [Turn(calls=(("note", {"note": str(n)}),)) for n in range(count)] + [Turn("done")]


async def test_more_steps_than_the_framework_allows_by_itself(player: Player) -> None:
    player.model.script = {"go": notes(15)}
    assert await player.play("go") == Completed("done ")
    assert len(player.notes.lines) == 15


async def test_the_conversation_grows_with_what_is_said_and_not_with_its_square(player: Player) -> None:
    (player.paths.workspace / "long.txt").write_text("word " * 2_000)
    turns = [Turn(calls=(("read_file", {"file_path": "/long.txt", "limit": n}),)) for n in range(100, 112)]
    player.model.script = {"go": [*turns, Turn("done")]}
    await player.play("go")
    said = sum(len(event.result) for event in player.of(events.ToolDone))
    assert said > 100_000
    stored = sum(path.stat().st_size for path in player.paths.root.glob("checkpoints.db*"))
    assert stored < 5 * said  # whole states would be 6.5 times that, and as much again in the journal


async def test_a_run_that_ended_has_its_conversation_in_the_database_and_not_in_the_journal(player: Player) -> None:
    player.model.script = {"go": notes(3)}
    await player.play("go")
    assert [path.name for path in player.paths.root.glob("checkpoints.db*")] == ["checkpoints.db"]


async def test_a_drain_stops_between_steps_and_every_tool_runs_once(player: Player) -> None:
    player.model.script = {"go": notes(4)}
    segments = 0
    while True:
        player.control = Control()
        seen = len(player.of(events.ToolDone))

        def stop(event: events.Event, seen: int = seen, control: Control = player.control) -> None:
            player.events.append(event)
            if isinstance(event, events.ToolStarted) and len(player.of(events.ToolDone)) >= seen:
                control.request(StopReason.SLICE)

        player.emit = stop
        outcome = await player.play("go")
        segments += 1
        if not isinstance(outcome, Yielded):
            break
    assert outcome == Completed("done ")
    assert segments > 2
    assert player.notes.lines == [str(n) for n in range(4)]
    assert len(player.model.requests) == 5


async def test_a_model_that_runs_in_circles_is_told_then_blocked_then_ended(player: Player) -> None:
    same = [Turn(calls=(("note", {"note": "again"}), ("ls", {"path": "/"}))) for _ in range(60)]
    player.model.script = {"go": same, "exactly the same": same}
    outcome = await player.play("go")
    assert isinstance(outcome, Failed)
    assert (outcome.kind, "23 times in a row" in outcome.message) == ("loop_detected", True)
    assert len(player.notes.lines) == loops.BLOCK_AFTER
    assert len(player.model.requests) == loops.END_AFTER
    last = [str(request["messages"][-1]["content"]) for request in player.model.requests]
    assert ["exactly the same calls" in text for text in last] == [at >= loops.WARN_AFTER for at in range(len(last))]


def test_only_identical_turns_count_as_a_circle() -> None:
    a, b = loops.round_of([("x", {"n": 1}), ("y", {})]), loops.round_of([("x", {"n": 2})])
    assert a == loops.round_of([("y", {}), ("x", {"n": 1})])
    assert [loops.repeats(rounds) for rounds in ([], [a], [a, b], [b, a, a])] == [0, 1, 1, 2]
