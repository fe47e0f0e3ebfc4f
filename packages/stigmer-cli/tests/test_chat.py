"""chat from a pipe: a message per line, one session, answers alone on stdout, and no silence that approves."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from stand_in import StandIn, Step

from stigmer_api.kinds import kind_by_key
from stigmer_cli.__main__ import run

AGENT, EXECUTION = kind_by_key("agent"), kind_by_key("agent_execution")
IN_PROGRESS, COMPLETED, FAILED, WAITING = 2, 3, 4, 6
MESSAGE_HUMAN, MESSAGE_AI = 1, 2


@pytest.fixture
def peer(server: StandIn) -> StandIn:
    """A peer that has the agent greeter."""
    message: Any = AGENT.message()
    message.metadata.name, message.metadata.org = "greeter", "local"
    server.add(AGENT, message)
    return server


def chat(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, *argv: str
) -> tuple[int, str, str]:
    """Chat with the greeter through a pipe; its exit code, stdout and stderr."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code = run(["chat", "greeter", *argv])
    out, err = capsys.readouterr()
    return code, out, err


def says(*words: str, phase: int = COMPLETED) -> list[Step]:
    """Steps of an execution that answers word by word."""

    def step(text: str, last: bool) -> Step:
        def play(execution: Any) -> None:
            execution.spec.session_id = "ses-1"
            execution.status.phase = phase if last else IN_PROGRESS
            if not execution.status.messages:
                execution.status.messages.add(id="user", type=MESSAGE_HUMAN, content=execution.spec.message)
                execution.status.messages.add(id="turn-0", type=MESSAGE_AI, is_streaming=True)
            execution.status.messages[1].content = text
            execution.status.messages[1].is_streaming = not last
            execution.status.todos["1"].id = "1"
            execution.status.todos["1"].content = "greet"
            execution.status.todos["1"].status = 3 if last else 2

        return play

    return [step("".join(words[: at + 1]), at == len(words) - 1) for at in range(len(words))]


def test_a_line_is_a_message_and_stdout_gets_the_answers_alone(
    peer: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.next_timeline = says("Hello ", "there.")
    code, out, err = chat(monkeypatch, capsys, "hi\n\n/help\n/nonsense\n")
    assert (code, out) == (0, "Hello there.\n")
    assert "agent: Hello" in err
    assert "there.\n" in err
    assert "[x] greet" in err
    assert "there is no command /nonsense" in err
    assert "you: hi" not in err
    assert peer.only(EXECUTION).spec.message == "hi"


def test_variables_and_the_session_go_into_every_turn(
    peer: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session: Any = kind_by_key("session").message()
    session.metadata.id = "ses-00000000000000000000000001"
    peer.add(kind_by_key("session"), session)
    peer.next_timeline = says("ok")
    argv = ("--session", session.metadata.id, "--env", "secret:TOKEN=s3cret-value")
    assert chat(monkeypatch, capsys, "hi\n/exit\nnot said\n", *argv)[0] == 0
    stored = peer.only(EXECUTION)
    assert stored.spec.runtime_env["TOKEN"].is_secret
    assert chat(monkeypatch, capsys, "hi\n", "--session", "ses-00000000000000000000000009")[0] == 1


def test_a_chat_may_begin_as_a_copy_and_only_its_first_turn_makes_it(
    peer: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session: Any = kind_by_key("session").message()
    session.metadata.id = "ses-00000000000000000000000001"
    peer.add(kind_by_key("session"), session)
    peer.next_timeline = says("ok")
    assert chat(monkeypatch, capsys, "hi\n", "--fork", session.metadata.id)[0] == 0
    stored = peer.only(EXECUTION)
    assert (stored.spec.session_spec.fork_of_session_id, stored.spec.session_id) == (session.metadata.id, "ses-1")
    assert chat(monkeypatch, capsys, "hi\n", "--fork", "ses-00000000000000000000000009")[0] == 1
    code, _, err = chat(monkeypatch, capsys, "", "--fork", session.metadata.id, "--session", session.metadata.id)
    assert (code, "--fork begins another one" in err) == (2, True)


PLAN, BUILD = (2, False), (0, True)


@pytest.mark.parametrize(
    ("line", "message", "asked"),
    [("/plan the move", "the move", PLAN), ("/build", "Carry out the plan.", BUILD), ("/build now", "now", BUILD)],
)
def test_a_turn_may_plan_or_carry_a_plan_out(
    peer: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    message: str,
    asked: tuple[int, bool],
) -> None:
    peer.next_timeline = says("ok")
    code, _, err = chat(monkeypatch, capsys, f"/plan\n{line}\n")
    assert (code, "what is to be planned?" in err) == (0, True)
    spec = peer.only(EXECUTION).spec
    config = spec.execution_config
    assert (spec.message, (config.interaction_mode, config.build_from_plan)) == (message, asked)


def test_a_turn_that_fails_is_told_and_the_next_line_is_taken(
    peer: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(execution: Any) -> None:
        execution.status.phase, execution.status.error = FAILED, "no model"

    peer.next_timeline = [fail]
    code, _, err = chat(monkeypatch, capsys, "hi\n/session\n")
    assert code == 1
    assert "failed: no model" in err
    assert "not every message got an answer" in err


def asking(execution: Any) -> None:
    """A step: a tool call waits."""
    execution.status.phase = WAITING
    message = execution.status.messages.add(id="turn-0", type=MESSAGE_AI, content="May I?")
    call = message.tool_calls.add(id="c1", name="shell", status=5)
    call.args.update({"command": "rm x"})
    execution.status.pending_approvals.add(tool_call_id="c1", tool_name="shell", args_preview="{}", message="deletes")


def goes_on(execution: Any) -> None:
    """A step: it was answered."""
    execution.status.phase = COMPLETED
    execution.status.messages.add(id="turn-1", type=MESSAGE_AI, content="Done.")


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        ("y", (1, "", "")),
        ("what?\nno not that file", (3, "", "not that file")),
        ("skip", (2, "", "")),
        ("a", (4, "", "")),
        ('e {"command": "ls"}', (1, '{"command": "ls"}', "")),
        ("edit\n[1]\ne\n{}", (1, "{}", "")),
    ],
)
def test_questions_are_answered_by_the_next_line(
    peer: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lines: str,
    sent: tuple[int, str, str],
) -> None:
    peer.next_timeline = [asking, goes_on]
    code, out, err = chat(monkeypatch, capsys, f"hi\n{lines}\n")
    assert (code, out) == (0, "Done.\n"), err
    request = next(request for name, request in peer.calls if name.endswith("submitApproval"))
    assert (request.action, request.edited_args_json, request.comment) == sent
    assert "approve? shell {} (deletes)" in err


def test_silence_is_no_approval(
    peer: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.next_timeline = [asking, goes_on]
    code, _, err = chat(monkeypatch, capsys, "hi\n")
    assert code == 1
    assert "waits for an approval" in err
    assert "stigmer-ctl approve" in err
    assert not [name for name, _ in peer.calls if name.endswith("submitApproval")]


def test_an_agent_that_does_not_exist_is_named(
    server: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert server.of_kind(AGENT) == []
    code, _, err = chat(monkeypatch, capsys, "hi\n")
    assert code == 1
    assert "greeter" in err
