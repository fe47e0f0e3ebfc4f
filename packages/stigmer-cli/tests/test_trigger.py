"""trigger against a real peer: a run of a schedule is shown as every run is."""

from __future__ import annotations

from typing import Any

import pytest
from stand_in import StandIn

from stigmer_api.kinds import kind_by_key
from stigmer_cli.__main__ import run

SCHEDULE = kind_by_key("schedule")
EXECUTION = kind_by_key("agent_execution")
COMPLETED, AI = 3, 2

Capsys = pytest.CaptureFixture[str]


def ctl(capsys: Capsys, *argv: str) -> tuple[int, str, str]:
    code = run(list(argv))
    out, err = capsys.readouterr()
    return code, out, err


def add_schedule(server: StandIn, **spec: Any) -> Any:
    message: Any = SCHEDULE.message(spec={"cron": "0 9 * * *", "time_zone": "UTC", **spec})
    message.metadata.name = "morning"
    message.metadata.org = "local"
    return server.add(SCHEDULE, message)


def complete(execution: Any) -> None:
    execution.status.phase = COMPLETED
    execution.status.messages.add(type=AI, content="Good morning", id="turn-0")


def test_a_triggered_schedule_is_followed_to_its_answer(server: StandIn, capsys: Capsys) -> None:
    add_schedule(server, enabled=False, agent={"message": "hello"})
    server.next_timeline = [complete]
    code, out, err = ctl(capsys, "trigger", "morning")
    assert (code, out) == (0, "Good morning\n")
    assert "note: the schedule itself is disabled" in err
    assert f"started agentexecution/{server.only(EXECUTION).metadata.id}" in err


def test_without_following_the_execution_is_named(server: StandIn, capsys: Capsys) -> None:
    schedule = add_schedule(server, enabled=True, agent={"message": "hello"})
    for word in ("schedule/morning", schedule.metadata.id):
        code, out, err = ctl(capsys, "trigger", word, "--no-follow")
        assert (code, out.startswith("agentexecution/aex-")) == (0, True)
        assert "stigmer-ctl watch aex-" in err


def test_what_does_not_start_says_why(server: StandIn, capsys: Capsys) -> None:
    add_schedule(server, enabled=True)
    code, out, err = ctl(capsys, "trigger", "morning")
    assert (code, out) == (1, "")
    assert "the schedule did not start: agent 'greeter' does not exist" in err


@pytest.mark.parametrize(
    ("word", "code", "words"), [("evening", 1, "does not exist"), ("agent/x", 2, "stigmer-ctl run")]
)
def test_what_is_no_schedule_is_refused(server: StandIn, capsys: Capsys, word: str, code: int, words: str) -> None:
    assert server.address
    found, _, err = ctl(capsys, "trigger", word)
    assert found == code
    assert words in err
