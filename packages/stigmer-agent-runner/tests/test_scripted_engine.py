"""The scripted engine by itself: turns, tools, faults, expectations and resuming from what was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stigmer_agent_runner.checkpoints.local import LocalCheckpoints
from stigmer_agent_runner.engine import protocol as events
from stigmer_agent_runner.engine.protocol import (
    Completed,
    Control,
    Event,
    Failed,
    Outcome,
    Segment,
    StopReason,
    Yielded,
)
from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
from stigmer_agent_runner.engine.retry import RetryPolicy
from stigmer_agent_runner.engine.scripted.engine import ScriptedEngine
from stigmer_agent_runner.engine.scripted.transcript import SavedCall, SavedResult, SavedTurn, Transcript
from stigmer_agent_runner.sessions import SessionPaths

FAST = RetryPolicy(attempts=3, initial=0.0, longest=0.0)


class Player:
    """Plays scripts in one session and keeps the events."""

    def __init__(self, home: Path) -> None:
        self.paths = SessionPaths.of(home, "ses-1")
        self.paths.prepare()
        self.events: list[Event] = []
        self.control = Control()

    async def play(self, turns: str, message: str = "go", execution: str = "aex-1", model: str = "") -> Outcome:
        """Run a script of one case."""
        script = f"version: 1\ncases:\n  - turns:\n{turns}" if turns else ""
        choice = ModelChoice(PROVIDERS["scripted"], model)
        segment = Segment(execution, "ses-1", "tester", "", message, choice, self.paths, script)
        return await ScriptedEngine(FAST).run(segment, self.events.append, self.control)

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of a type."""
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def player(tmp_path: Path) -> Player:
    """A player with a session of its own."""
    return Player(tmp_path)


WRITE = '      - call: [{tool: write_file, args: {path: a.txt, content: "{{user}}"}}]\n'


async def test_words_stream_and_make_the_whole_text(player: Player) -> None:
    assert await player.play('      - say: "one two  three"\n') == Completed("one two  three")

    assert [event.text for event in player.of(events.TextDelta)] == ["one ", "two  ", "three"]
    assert player.of(events.MessageDone)[0].text == "one two  three"


async def test_a_failing_tool_is_a_result_that_the_script_goes_on_with(player: Player) -> None:
    outcome = await player.play(
        "      - call: [{tool: read_file, args: {path: ../../etc/passwd}}, {tool: nope}]\n"
        '      - say: "{{tool.read_file}}"\n'
    )

    assert isinstance(outcome, Completed)
    assert outcome.text.startswith("Error: '../../etc/passwd' leads out of the workspace")
    errors = {event.call_id[-1]: event.error for event in player.of(events.ToolFailed)}
    assert errors["1"].startswith("Error: there is no tool 'nope'; there are ls")


async def test_passing_faults_are_retried_and_told(player: Player) -> None:
    turns = "      - error: {status: 503, times: 2, message: overloaded}\n      - say: fine\n"

    assert await player.play(turns) == Completed("fine")
    assert len(player.of(events.MessageStarted)) == 3
    assert [event.text.split(";")[0] for event in player.of(events.Notice)] == [
        "overloaded Attempt 1 of 3 failed",
        "overloaded Attempt 2 of 3 failed",
    ]


@pytest.mark.parametrize(
    ("fault", "kind", "attempts"),
    [("{status: 503}", "model_unavailable", 3), ("{status: 400, times: 1}", "model_rejected", 1)],
)
async def test_a_lasting_fault_fails_the_run(player: Player, fault: str, kind: str, attempts: int) -> None:
    outcome = await player.play(f"      - error: {fault}\n        say: never\n")

    assert isinstance(outcome, Failed)
    assert outcome.kind == kind
    assert len(player.of(events.MessageStarted)) == attempts


async def test_a_wrong_tool_result_fails_with_a_diff(player: Player) -> None:
    outcome = await player.play(
        WRITE + '      - expect_tool: {write_file: "Wrote 9 bytes to a.txt."}\n        say: x\n'
    )

    assert isinstance(outcome, Failed)
    assert "- Wrote 9 bytes to a.txt." in outcome.message
    assert "+ Wrote 2 bytes to a.txt." in outcome.message
    assert "line 5: unexpected result of write_file" in outcome.message


async def test_dots_stand_for_anything_in_an_expectation(player: Player) -> None:
    turns = WRITE + '      - expect_tool: {write_file: "Wrote ... to a.txt."}\n        say: x\n'
    assert await player.play(turns) == Completed("x")


async def test_a_finished_execution_is_told_again_and_not_played_again(player: Player) -> None:
    turns = WRITE + "      - say: done\n"
    await player.play(turns)
    (player.paths.workspace / "a.txt").write_text("changed by somebody")
    player.events.clear()

    assert await player.play(turns) == Completed("done")
    assert (player.paths.workspace / "a.txt").read_text() == "changed by somebody"
    assert len(player.of(events.ToolDone)) == 1
    assert player.of(events.TextDelta) == []


async def test_a_resumed_run_runs_only_the_calls_without_a_result(player: Player) -> None:
    transcript = Transcript(LocalCheckpoints(player.paths.checkpoints), "aex-1")
    await transcript.open("go")
    calls = tuple(SavedCall(f"c{at}", "write_file", {"path": f"{at}.txt", "content": "x"}) for at in range(2))
    await transcript.save_turn(0, SavedTurn("two", calls))
    await transcript.save_result("c0", SavedResult("Wrote 1 bytes to 0.txt."))

    outcome = await player.play("      - call: [{tool: ls}, {tool: ls}]\n      - say: done\n")

    assert outcome == Completed("done")
    assert not (player.paths.workspace / "0.txt").exists()
    assert (player.paths.workspace / "1.txt").exists()
    assert [event.call_id for event in player.of(events.ToolStarted)] == ["c1"]


async def test_a_script_that_became_shorter_fails_clearly(player: Player) -> None:
    transcript = Transcript(LocalCheckpoints(player.paths.checkpoints), "aex-1")
    await transcript.open("go")
    await transcript.save_turn(0, SavedTurn("two", (SavedCall("c", "ls", {}),)))

    outcome = await player.play("      - say: done\n")

    assert isinstance(outcome, Failed)
    assert "the script changed while it ran" in outcome.message


async def test_a_stop_between_turns_yields(player: Player) -> None:
    player.control.request(StopReason.SLICE)

    assert await player.play("      - say: done\n") == Yielded()


def test_the_gravest_reason_to_stop_counts() -> None:
    control = Control()
    heard: list[StopReason] = []
    control.on_request(heard.append)

    for reason in (StopReason.SLICE, StopReason.SHUTDOWN, StopReason.SLICE, StopReason.CANCEL, StopReason.SHUTDOWN):
        control.request(reason)

    assert control.reason is StopReason.CANCEL
    assert heard[-1] is StopReason.CANCEL
    assert heard[2] is StopReason.SHUTDOWN


async def test_executions_of_one_session_have_turns_of_their_own(player: Player) -> None:
    await player.play('      - say: "{{user}}"\n', "one", "aex-1")

    assert await player.play('      - say: "{{user}}"\n', "two", "aex-2") == Completed("two")


async def test_an_unknown_builtin_script_names_the_known_ones(player: Player) -> None:
    outcome = await player.play("", model="nope")

    assert isinstance(outcome, Failed)
    assert "there is no builtin script 'nope'" in outcome.message
    assert outcome.message.endswith("name one of: echo")
