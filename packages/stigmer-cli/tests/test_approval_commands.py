"""approve and reject: which call is meant, what is sent, and what a user reads while an execution waits."""

from __future__ import annotations

from typing import Any

import pytest
from stand_in import StandIn

from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_cli.__main__ import run

Capsys = pytest.CaptureFixture[str]


def ctl(capsys: Capsys, *argv: object) -> tuple[int, str, str]:
    """Run a command and return its exit code, stdout and stderr."""
    code = run([str(item) for item in argv])
    out, err = capsys.readouterr()
    return code, out, err


def waiting(server: StandIn, key: str, *calls: str) -> Any:
    """An execution that waits for answers to tool calls."""
    kind = kind_by_key(key)
    message: Any = kind.message(api_version=API_VERSION, kind=kind.name)
    message.metadata.name, message.metadata.org = "one", "local"
    message.status.phase = 6 if key == "agent_execution" else 2
    for call in calls:
        item = message.status.pending_approvals.add()
        item = getattr(item, "approval", item)
        item.tool_call_id, item.tool_name, item.message = call, "shell", "changes files"
        item.args_preview = '{"command": "rm x"}'
    return server.add(kind, message)


@pytest.mark.parametrize("kind", ["agent_execution", "workflow_execution"])
def test_the_only_call_that_waits_needs_no_name(server: StandIn, capsys: Capsys, kind: str) -> None:
    found = waiting(server, kind, "c1")
    assert ctl(capsys, "approve", found.metadata.id) == (0, "c1 approved\n", "")
    request = server.calls[-1][1]
    assert (request.tool_call_id, request.action) == ("c1", 1)
    code, _, err = ctl(capsys, "approve", found.metadata.id)
    assert (code, "waits for no approval" in err) == (1, True)


def test_of_several_calls_one_is_named_and_may_be_edited(server: StandIn, capsys: Capsys) -> None:
    found = waiting(server, "agent_execution", "c1", "c2", "c3")
    code, _, err = ctl(capsys, "reject", found.metadata.id)
    assert code == 2
    assert 'c2: shell {"command": "rm x"} (changes files)' in err
    edited = '{"command": "ls"}'
    assert ctl(capsys, "approve", found.metadata.id, "c2", "--args", edited)[1] == "c2 approved; 2 more wait\n"
    assert server.calls[-1][1].edited_args_json == edited
    assert ctl(capsys, "approve", found.metadata.id, "c2")[0] == 1
    code, _, err = ctl(capsys, "approve", found.metadata.id, "c1", "--args", "[1]")
    assert (code, "--args must be a JSON object" in err) == (2, True)
    assert ctl(capsys, "reject", found.metadata.id, "c1", "--skip")[1] == "c1 skipped; one more waits\n"
    assert ctl(capsys, "reject", found.metadata.id, "c3", "--comment", "no")[1] == "c3 rejected\n"
    assert (server.calls[-1][1].action, server.calls[-1][1].comment) == (3, "no")


def test_watching_shows_what_waits_and_how_to_answer_it(server: StandIn, capsys: Capsys) -> None:
    found = waiting(server, "agent_execution", "c1")

    def end(execution: Any) -> None:
        execution.status.phase = 3
        del execution.status.pending_approvals[:]

    server.timelines[found.metadata.id] = [end]
    code, _, err = ctl(capsys, "watch", found.metadata.id)
    assert code == 0
    assert 'waiting for approval: shell {"command": "rm x"} (changes files)' in err
    assert f"stigmer-ctl approve {found.metadata.id}   or   stigmer-ctl reject {found.metadata.id}" in err
