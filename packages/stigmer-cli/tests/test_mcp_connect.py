"""mcp connect against a real peer: the tools, what changed about them, and failures with their reason."""

from __future__ import annotations

from typing import Any

import pytest
from stand_in import StandIn

from stigmer_api.kinds import kind_by_key
from stigmer_cli.__main__ import run

MCP = kind_by_key("mcp_server")

Capsys = pytest.CaptureFixture[str]


def ctl(capsys: Capsys, *argv: str) -> tuple[int, str, str]:
    code = run(list(argv))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(autouse=True)
def notes(server: StandIn) -> Any:
    message: Any = MCP.message()
    message.metadata.name, message.metadata.org = "notes", "local"
    return server.add(MCP, message)


def test_the_tools_are_shown_and_what_changed_since_the_last_time(capsys: Capsys) -> None:
    first = ctl(capsys, "mcp", "connect", "notes", "--env", "secret:TOKEN=one")
    same = ctl(capsys, "mcp", "connect", "notes", "--env", "TOKEN=one")
    other = ctl(capsys, "mcp", "connect", "notes", "--env", "TOKEN=two")

    rows = [(code, out.splitlines()[1].split()) for code, out, _ in (first, same, other)]
    assert rows == [
        (0, ["note", "pinned", "asks", "Notes", "a", "text."]),
        (0, ["note", "pinned", "asks", "Notes", "a", "text."]),
        (0, ["note", "changed", "asks", "Notes", "a", "text."]),
    ]


def test_a_failure_says_why_with_the_last_words_of_the_server(capsys: Capsys) -> None:
    code, out, err = ctl(capsys, "mcp", "connect", "notes")

    assert (code, out) == (1, "")
    assert "it did not start" in err
    assert "last words" in err


def test_without_waiting_the_server_is_named(server: StandIn, capsys: Capsys) -> None:
    code, out, err = ctl(capsys, "mcp", "connect", "notes", "--no-wait", "--env", "TOKEN=one")

    assert (code, out) == (0, "mcpserver/notes\n")
    assert "stigmer-ctl describe mcp/notes" in err
    assert server.calls[-1][0].endswith("/startConnect")


def test_the_list_tells_how_the_last_connect_went(server: StandIn, capsys: Capsys) -> None:
    before = ctl(capsys, "get", "mcpservers")[1].splitlines()[1].split()
    ctl(capsys, "mcp", "connect", "notes", "--env", "TOKEN=one")
    after = ctl(capsys, "get", "mcpservers")[1].splitlines()[1].split()
    server.only(MCP).status.quarantined_tools.append("note")
    closed = ctl(capsys, "get", "mcpservers")[1].splitlines()[1].split()

    assert "<none>" in before
    assert "succeeded" in after
    assert "quarantined" in closed


def test_an_unknown_server_is_an_error(capsys: Capsys) -> None:
    code, _, err = ctl(capsys, "mcp", "connect", "nothing")

    assert code == 1
    assert "does not exist" in err
