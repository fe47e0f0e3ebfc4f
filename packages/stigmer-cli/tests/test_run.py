"""run and watch against a real peer: what is shown live, what goes where, and how the command ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_testing import wait_for
from stand_in import GoneAwayError, StandIn, Step

from stigmer_api.kinds import kind_by_key
from stigmer_api.temporal import PARENT_LABEL
from stigmer_cli.__main__ import run
from stigmer_cli.client import connect
from stigmer_cli.errors import NotRunningError
from stigmer_cli.running import Request, start, watch_to_end
from stigmer_cli.settings import load_settings

AGENT = kind_by_key("agent")
WORKFLOW = kind_by_key("workflow")
AGENT_EXECUTION = kind_by_key("agent_execution")
WORKFLOW_EXECUTION = kind_by_key("workflow_execution")

Capsys = pytest.CaptureFixture[str]

IN_PROGRESS, COMPLETED, FAILED, CANCELLED = 2, 3, 4, 5
SKIPPED = 5


def ctl(capsys: Capsys, *argv: str) -> tuple[int, str, str]:
    code = run(list(argv))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def peer(server: StandIn) -> StandIn:
    """A peer that has the agent greeter and the workflow hello."""
    for kind, name in ((AGENT, "greeter"), (WORKFLOW, "hello")):
        message: Any = kind.message()
        message.metadata.name = name
        message.metadata.org = "local"
        server.add(kind, message)
    return server


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files of one name, in the directory that the command runs in and in a folder below it."""
    (tmp_path / "folder").mkdir()
    for name in ("a.txt", "folder/a.txt"):
        (tmp_path / name).write_text("a")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("target", "named", "why"),
    [
        ("agent/greeter", ["gone.txt"], "cannot read the attachment gone.txt: No such file"),
        ("agent/greeter", ["folder"], "--attach folder is a folder"),
        ("agent/greeter", ["a.txt", "folder/a.txt"], "names 2 files that are called a.txt"),
        ("workflow/hello", ["a.txt"], "a workflow takes no files"),
    ],
)
def test_what_cannot_be_attached_is_said_before_anything_is_sent(
    peer: StandIn, capsys: Capsys, files: None, target: str, named: list[str], why: str
) -> None:
    code, _, err = ctl(capsys, "run", target, "-m", "go", *(word for name in named for word in ("--attach", name)))
    assert (code, why in err) == (2, True), err
    assert [verb for verb, _ in peer.calls if verb.endswith(("create", "uploadAttachment"))] == []


def begin(execution: Any) -> None:
    execution.status.phase = IN_PROGRESS
    execution.status.started_at = "2026-01-01T00:00:00Z"


def task(name: str, kind: str, status: int, error: str = "") -> Step:
    """The step in which a task starts or ends, 250 ms after its start."""

    def step(execution: Any) -> None:
        found = next((item for item in execution.status.tasks if item.task_id == name), None)
        entry = found if found is not None else execution.status.tasks.add(task_id=name, task_name=name, kind=kind)
        entry.status = status
        entry.attempt = 1
        entry.started_at = "2026-01-01T00:00:00Z"
        entry.error = error
        if status >= COMPLETED:
            entry.completed_at = "2026-01-01T00:00:00.250Z"

    return step


def end(phase: int = COMPLETED, output: str = "", error: str = "") -> Step:
    def step(execution: Any) -> None:
        execution.status.phase = phase
        execution.status.completed_at = "2026-01-01T00:00:02Z"
        execution.status.error = error
        if output:
            execution.status.output_json = output

    return step


def says(key: str, text: str, *, streaming: bool = False) -> Step:
    def step(execution: Any) -> None:
        found = next((item for item in execution.status.messages if item.id == key), None)
        message = found if found is not None else execution.status.messages.add(id=key, type=2)
        message.content = text
        message.is_streaming = streaming

    return step


def calls(key: str, name: str, status: int, **facts: Any) -> Step:
    """The step in which the last message's tool call starts or ends."""

    def step(execution: Any) -> None:
        found = [call for message in execution.status.messages for call in message.tool_calls if call.id == key]
        call = found[0] if found else execution.status.messages[-1].tool_calls.add(id=key, name=name)
        call.status = status
        call.args.update({"path": "notes.txt"})
        for field, value in facts.items():
            setattr(call, field, value)

    return step


def test_a_workflow_is_shown_task_by_task_and_its_output_is_all_of_stdout(peer: StandIn, capsys: Capsys) -> None:
    peer.next_timeline = [
        begin,
        task("first", "set", IN_PROGRESS),
        task("first", "set", COMPLETED),
        task("second", "call http", SKIPPED),
        end(output='{"b": 12345678901234567890, "a": "é"}'),
    ]
    code, out, err = ctl(capsys, "run", "hello", "--input", '{"n": 1}')
    assert code == 0
    assert out == '{\n  "b": 12345678901234567890,\n  "a": "é"\n}\n'
    execution = peer.only(WORKFLOW_EXECUTION)
    assert err.splitlines() == [
        f"started workflowexecution/{execution.metadata.id}",
        "workflow PENDING",
        "workflow IN_PROGRESS",
        "  > first (set)",
        "  + first (set) done (250ms)",
        "  - second (call http) skipped (250ms)",
        "workflow COMPLETED (2s)",
    ]
    assert execution.spec.input_json == '{"n": 1}'
    assert execution.spec.workflow_id == peer.only(WORKFLOW).metadata.id
    assert len(execution.metadata.request_id) == 32


@pytest.mark.parametrize(("phase", "name"), [(FAILED, "FAILED"), (CANCELLED, "CANCELLED"), (6, "TERMINATED")])
def test_an_execution_that_does_not_complete_ends_the_command_with_1(
    peer: StandIn, capsys: Capsys, phase: int, name: str
) -> None:
    peer.next_timeline = [begin, task("boom", "raise", FAILED, "it broke"), end(phase, error="boom: it broke")]
    code, out, err = ctl(capsys, "run", "workflow/hello")
    assert (code, out) == (1, "")
    assert "  x boom (raise) failed (250ms)\n    it broke\n" in err
    assert f"ended {name}: boom: it broke" in err
    assert "stigmer-ctl describe wex-" in err


def test_an_agent_is_heard_word_by_word_and_its_tools_are_seen(peer: StandIn, capsys: Capsys) -> None:
    peer.next_timeline = [
        begin,
        says("turn-1", "Let me", streaming=True),
        says("turn-1", "Let me look.\nNow", streaming=True),
        says("turn-1", "Let me look.\nNow."),
        calls("c1", "read_file", 2),
        calls(
            "c1", "read_file", 3, result="Ada", started_at="2026-01-01T00:00:00Z", completed_at="2026-01-01T00:00:01Z"
        ),
        calls("c2", "write_file", 4, error="disk full"),
        says("turn-2", "Hello Ada!"),
        end(),
    ]
    code, out, err = ctl(capsys, "run", "greeter", "-m", "hi", "--env", "A=b=c", "--env", "secret:KEY=x")
    assert (code, out) == (0, "Hello Ada!\n")
    assert err.splitlines()[1:] == [
        "agent PENDING",
        "agent IN_PROGRESS",
        "agent: Let me look.",
        "       Now.",
        'tool read_file {"path": "notes.txt"}',
        "tool read_file -> Ada (1s)",
        'tool write_file {"path": "notes.txt"}',
        "tool write_file -> failed: disk full",
        "agent: Hello Ada!",
        "agent COMPLETED (2s)",
    ]
    spec = peer.only(AGENT_EXECUTION).spec
    assert spec.message == "hi"
    assert (spec.runtime_env["A"].value, spec.runtime_env["A"].is_secret) == ("b=c", False)
    assert (spec.runtime_env["KEY"].value, spec.runtime_env["KEY"].is_secret) == ("x", True)


def test_an_agent_that_a_workflow_calls_is_shown_inside_it(
    peer: StandIn, capsys: Capsys, until: Callable[[Callable[[], bool]], Step]
) -> None:
    def call_agent(execution: Any) -> None:
        child: Any = AGENT_EXECUTION.message()
        child.metadata.name = "child"
        child.metadata.org = "local"
        child.metadata.labels[PARENT_LABEL] = execution.metadata.id
        peer.next_timeline = [begin, says("turn-1", "Hello from inside."), end()]
        peer.create(AGENT_EXECUTION, child)
        task("ask", "call agent", IN_PROGRESS)(execution)

    def child_ended() -> bool:
        return bool(peer.of_kind(AGENT_EXECUTION)) and peer.only(AGENT_EXECUTION).status.phase == COMPLETED

    peer.next_timeline = [
        begin,
        call_agent,
        until(child_ended),
        task("ask", "call agent", COMPLETED),
        end(output='"done"'),
    ]
    code, out, err = ctl(capsys, "run", "hello")
    assert (code, out) == (0, '"done"\n')
    lines = err.splitlines()
    assert "  > ask (call agent)" in lines
    inside = lines.index("    agent: Hello from inside.")
    assert lines.index("  > ask (call agent)") < inside < lines.index("  + ask (call agent) done (250ms)")
    assert lines[-1] == "workflow COMPLETED (2s)"


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Step]:
    """Make a step that is over when something has happened elsewhere."""

    def make(condition: Callable[[], bool]) -> Step:
        return lambda _: wait_for(condition, "the other execution")

    return make


def gone(_: Any) -> None:
    raise GoneAwayError


def test_a_stream_that_breaks_is_taken_up_again_without_loss_or_repetition(peer: StandIn, capsys: Capsys) -> None:
    peer.next_timeline = [
        begin,
        task("first", "set", COMPLETED),
        gone,
        gone,
        task("second", "set", COMPLETED),
        end(output="1"),
    ]
    code, out, err = ctl(capsys, "run", "hello")
    assert (code, out) == (0, "1\n")
    assert err.splitlines()[2:] == [
        "workflow IN_PROGRESS",
        "  + first (set) done (250ms)",
        "connection lost, waiting for the server",
        "connected again",
        "connection lost, waiting for the server",
        "connected again",
        "  + second (set) done (250ms)",
        "workflow COMPLETED (2s)",
    ]


def test_a_restart_of_the_server_is_waited_for(peer: StandIn, capsys: Capsys) -> None:
    port = int(peer.address.rpartition(":")[2])

    def again() -> None:
        peer.stop()
        peer.start(port)

    def restart(_: Any) -> None:
        threading.Thread(target=again, daemon=True).start()
        raise GoneAwayError

    peer.next_timeline = [begin, restart, end(output="1")]
    code, out, err = ctl(capsys, "run", "hello")
    assert (code, out) == (0, "1\n")
    assert "connected again" in err


def test_a_server_that_stays_away_ends_the_command_with_3_and_the_way_back(peer: StandIn) -> None:
    def stop(_: Any) -> None:
        threading.Thread(target=peer.stop, daemon=True).start()
        raise GoneAwayError

    peer.next_timeline = [begin, stop]
    with connect(load_settings()) as client:
        kind, execution = start(client, WORKFLOW, peer.only(WORKFLOW), Request())
        with pytest.raises(NotRunningError) as caught:
            watch_to_end(client, kind, execution.metadata.id, "table", reconnect_seconds=0.3)
    assert caught.value.exit_code == 3
    assert f"`stigmer-ctl watch {execution.metadata.id}`: nothing is lost" in caught.value.hint


def test_watch_shows_an_execution_that_runs_or_has_ended(peer: StandIn, capsys: Capsys) -> None:
    peer.next_timeline = [begin, end(output="[1]")]
    code, out, err = ctl(capsys, "run", "hello", "--no-follow")
    execution_id = peer.only(WORKFLOW_EXECUTION).metadata.id
    assert (code, out) == (0, f"workflowexecution/{execution_id}\n")
    assert f"stigmer-ctl watch {execution_id}" in err

    first = ctl(capsys, "watch", execution_id)
    again = ctl(capsys, "watch", f"wex/{execution_id}")

    assert first[:2] == again[:2] == (0, "[\n  1\n]\n")
    assert again[2].splitlines() == ["workflow COMPLETED (2s)"]


def test_json_output_is_the_final_execution_alone(peer: StandIn, capsys: Capsys) -> None:
    peer.next_timeline = [begin, end(FAILED, error="no")]
    code, out, err = ctl(capsys, "run", "hello", "-o", "json")
    assert code == 1
    assert json.loads(out)["status"]["phase"] == "EXECUTION_FAILED"
    assert json.loads(err.splitlines()[-1])["error"]["code"] == "execution_failed"


def test_input_may_come_from_a_file_or_from_stdin(
    peer: StandIn, capsys: Capsys, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.json").write_text("[1, 2]")
    ctl(capsys, "run", "hello", "--no-follow", "-i", f"@{tmp_path / 'in.json'}")
    monkeypatch.setattr("sys.stdin", io.StringIO('"text"'))
    ctl(capsys, "run", "hello", "--no-follow", "-i", "-")
    assert [item.spec.input_json for item in peer.of_kind(WORKFLOW_EXECUTION)] == ['"text"', "[1, 2]"]


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["hello", "-i", "{"], 2, "--input is not JSON"),
        (["hello", "-i", "@/no/such"], 2, "cannot read the input /no/such"),
        (["hello", "--env", "KEY"], 2, "--env KEY is not KEY=VALUE"),
        (["hello", "--session", "ses-1"], 2, "a workflow has no session"),
        (["greeter"], 2, "an agent needs a message"),
        (["greeter", "-m", "x", "-i", "{}"], 2, "an agent takes no --input"),
        (["environment/x"], 2, "Environment is not a kind that can be run"),
        (["helo"], 1, "Workflow 'helo' does not exist; Agent 'helo' does not exist"),
    ],
)
def test_what_cannot_be_run_says_why(peer: StandIn, capsys: Capsys, argv: list[str], code: int, message: str) -> None:
    found, out, err = ctl(capsys, "run", *argv)
    assert (found, out) == (code, "")
    assert message in err
    assert peer.of_kind(WORKFLOW_EXECUTION) == peer.of_kind(AGENT_EXECUTION) == []


def test_ctrl_c_detaches_and_says_how_to_come_back(peer: StandIn, tmp_path: Any) -> None:
    peer.next_timeline = [begin, lambda _: wait_for(lambda: False, "never")]
    process = subprocess.Popen(
        [sys.executable, "-m", "stigmer_cli", "run", "hello"],
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in range(3)]
        assert lines[-1] == "workflow IN_PROGRESS\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    execution_id = peer.only(WORKFLOW_EXECUTION).metadata.id
    assert process.returncode == 130
    assert out == ""
    assert err == (f"Error: detached; {execution_id} goes on\nwatch it again with `stigmer-ctl watch {execution_id}`\n")
