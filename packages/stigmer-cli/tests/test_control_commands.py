"""cancel, terminate, pause, resume, recover and signal; dry runs and force as the server is asked for them."""

from __future__ import annotations

import json
from pathlib import Path
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


def stored(server: StandIn, key: str, name: str = "one", phase: int = 2) -> Any:
    """A resource of the stand-in; an execution in progress."""
    kind = kind_by_key(key)
    message: Any = kind.message(api_version=API_VERSION, kind=kind.name)
    message.metadata.name, message.metadata.org = name, "local"
    if key.endswith("_execution"):
        message.status.phase = phase
    return server.add(kind, message)


@pytest.mark.parametrize("kind", ["workflow_execution", "agent_execution"])
def test_an_execution_of_either_kind_is_controlled_by_its_id(server: StandIn, capsys: Capsys, kind: str) -> None:
    found = stored(server, kind)
    id_, name = found.metadata.id, f"{kind.replace('_', '')}/{found.metadata.id}"
    assert ctl(capsys, "pause", id_, "--reason", "lunch") == (0, f"{name} holds at its next safe point\n", "")
    assert server.calls[-1][1].reason == "lunch"
    assert ctl(capsys, "resume", id_) == (0, f"{name} goes on\n", "")
    assert ctl(capsys, "cancel", f"{kind}/{id_}") == (0, f"{name} is being cancelled\n", "")
    assert ctl(capsys, "terminate", id_) == (0, f"{name} terminated\n", "")
    assert ctl(capsys, "recover", id_, "-o", "name") == (0, f"{name}\n", "")
    assert json.loads(ctl(capsys, "pause", id_, "-o", "json")[1])["metadata"]["id"] == id_


def test_what_the_phase_forbids_ends_with_1_and_says_what_is_possible(server: StandIn, capsys: Capsys) -> None:
    found = stored(server, "workflow_execution", phase=4)
    code, out, err = ctl(capsys, "pause", found.metadata.id)
    assert (code, out) == (1, "")
    assert "Possible now: recover, delete" in err


def test_a_signal_carries_its_payload_and_key(server: StandIn, capsys: Capsys) -> None:
    found = stored(server, "workflow_execution")
    payload = '{"approved": true}'
    code, out, _ = ctl(capsys, "signal", found.metadata.id, "go", "--payload", payload, "--key", "once")
    assert (code, out) == (0, f"workflowexecution/{found.metadata.id} signalled\n")
    request = server.calls[-1][1]
    assert (request.signal_name, request.idempotency_key, dict(request.payload)) == ("go", "once", {"approved": True})
    code, _, err = ctl(capsys, "signal", found.metadata.id, "go", "--payload", "[1]")
    assert (code, "must be a JSON object" in err) == (2, True)
    agent = stored(server, "agent_execution", "two")
    assert ctl(capsys, "signal", agent.metadata.id, "go")[0] == 2


def test_force_and_dry_runs_reach_the_server_as_options(server: StandIn, capsys: Capsys, tmp_path: Path) -> None:
    manifest = tmp_path / "greeter.yaml"
    manifest.write_text(
        "apiVersion: agentic.stigmer.ai/v1\nkind: Agent\nmetadata: {name: greeter}\n"
        "spec: {instructions: You greet people politely.}\n",
        encoding="utf-8",
    )
    code, out, _ = ctl(capsys, "apply", "-f", manifest, "--dry-run=server")
    assert (code, out) == (0, "agent/greeter created (server dry run)\n")
    assert ctl(capsys, "delete", "agent/greeter", "--dry-run=server")[1] == "agent/greeter deleted (server dry run)\n"
    stored(server, "agent", "other")
    assert ctl(capsys, "delete", "agent/other", "--force")[1] == "agent/other deleted\n"
    assert [options for _, options in server.options] == [
        {"stigmer-dry-run": "true"},
        {"stigmer-dry-run": "true"},
        {"stigmer-force": "true"},
    ]


def test_a_dry_run_of_several_tells_the_server_what_would_be_there(
    server: StandIn, capsys: Capsys, tmp_path: Path
) -> None:
    head = "apiVersion: agentic.stigmer.ai/v1\n"
    (tmp_path / "all.yaml").write_text(
        f"{head}kind: AgentInstance\nmetadata: {{name: mine}}\nspec: {{agent_id: greeter}}\n---\n"
        f"{head}kind: Agent\nmetadata: {{name: greeter}}\nspec: {{instructions: You greet people politely.}}\n",
        encoding="utf-8",
    )
    assert ctl(capsys, "apply", "-f", tmp_path / "all.yaml", "--dry-run=server")[0] == 0
    first, second = (options for _, options in server.options)
    assert first == {"stigmer-dry-run": "true"}
    assert second["stigmer-dry-run-after"].startswith("agent/")
    assert second["stigmer-dry-run-after"].endswith("/greeter")


def test_selectors_reach_the_server_as_they_were_written(server: StandIn, capsys: Capsys) -> None:
    stored(server, "workflow_execution")
    assert ctl(capsys, "get", "workflowexecutions", "--field-selector", "phase=FAILED", "-o", "name")[0] == 0
    assert server.calls[-1][1].field_selector == "phase=FAILED"
    ctl(capsys, "get", "workflowexecutions", "-l", "a=b", "-l", "c=d")
    assert server.calls[-1][1].label_selector == "a=b,c=d"
