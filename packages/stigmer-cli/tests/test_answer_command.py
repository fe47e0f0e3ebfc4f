"""`answer`: what it sends, and how it finds the task."""

from __future__ import annotations

from typing import Any

import pytest
from stand_in import StandIn
from test_control_commands import ctl, stored

Capsys = pytest.CaptureFixture[str]


def asking(server: StandIn, *names: str) -> Any:
    """A stored workflow execution whose tasks wait for answers."""
    found = stored(server, "workflow_execution")
    for number, name in enumerate(names):
        task = found.status.tasks.add(task_id=f"/do/{number}/{name}", task_name=name, status=6)
        task.human_request.id, task.human_request.prompt = f"ask-{number}", "Pay?"
        task.human_request.outcomes.add(name="approve")
        task.human_request.outcomes.add(name="deny")
    return found


def test_an_answer_carries_outcome_form_comment_and_reviewer(server: StandIn, capsys: Capsys) -> None:
    run = asking(server, "pay")
    options = ("--form", '{"amount": 3}', "--comment", "fine", "--reviewer", "ada")
    code, out, err = ctl(capsys, "answer", run.metadata.id, "approve", *options)
    assert (code, err) == (0, "")
    assert out.startswith("/do/0/pay answered: approve")
    request = server.calls[-1][1]
    assert (request.task_name, request.outcome, request.comment, request.reviewer) == (
        "/do/0/pay",
        "approve",
        "fine",
        "ada",
    )
    assert dict(request.form_data) == {"amount": 3}


def test_one_of_several_tasks_is_named_and_none_is_guessed(server: StandIn, capsys: Capsys) -> None:
    run = asking(server, "pay", "ship")
    code, _, err = ctl(capsys, "answer", run.metadata.id, "approve")
    assert code == 2
    assert "2 tasks wait" in err
    assert "/do/1/ship: Pay? (approve, deny)" in err
    assert ctl(capsys, "answer", run.metadata.id, "deny", "--task", "ship")[0] == 0
    assert server.calls[-1][1].task_name == "ship"


def test_what_waits_for_nothing_and_wrong_forms_are_refused(server: StandIn, capsys: Capsys) -> None:
    run = asking(server)
    code, _, err = ctl(capsys, "answer", run.metadata.id, "approve")
    assert (code, "waits for no answer" in err) == (1, True)
    code, _, err = ctl(capsys, "answer", run.metadata.id, "approve", "--form", "[1]")
    assert (code, "--form must be a JSON object" in err) == (2, True)
    agent = stored(server, "agent_execution", "two")
    code, _, err = ctl(capsys, "answer", agent.metadata.id, "approve")
    assert (code, "stigmer-ctl approve" in err) == (2, True)


def test_approve_and_reject_say_yes_and_no_to_a_task(server: StandIn, capsys: Capsys) -> None:
    run = asking(server, "pay")
    assert ctl(capsys, "approve", run.metadata.id, "--comment", "fine")[0] == 0
    request = server.calls[-1][1]
    assert (request.task_name, request.outcome, request.comment) == ("/do/0/pay", "approve", "fine")
    assert ctl(capsys, "reject", run.metadata.id, "pay")[0] == 0
    assert server.calls[-1][1].outcome == "deny"
    run.status.tasks[0].human_request.outcomes[0].name = "release"
    code, _, err = ctl(capsys, "approve", run.metadata.id)
    assert (code, "offers release, deny" in err) == (2, True)
