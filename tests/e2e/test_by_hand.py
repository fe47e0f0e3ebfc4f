"""Each service started by hand, without supervisord, in the wrong order: it waits for its peers and works."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from stack import BIN, ROOT, Stack

if TYPE_CHECKING:
    from pathlib import Path

START_ORDER = ("stigmer-agent-runner", "stigmer-workflow-runner", "stigmer-server")
TEMPORAL = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error"]


def test_services_started_by_hand_before_their_peers_run_a_workflow(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home")
    stack.home.mkdir(mode=0o700)
    commands = [[str(BIN / name)] for name in START_ORDER]
    commands.append([str(BIN / "temporal"), *TEMPORAL, "--port", str(stack.ports[1])])
    started: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / "services.log").open("wb")
    try:
        started.extend(subprocess.Popen(command, env=stack.environment, stdout=log, stderr=log) for command in commands)
        example = ROOT / "examples" / "04-workflow-agent"
        wait_for_token(stack, started[2])
        stack.ctl("apply", "-f", str(example / "resources.yaml"))
        done = stack.ctl("run", "workflow/triage-tickets", "--input", f"@{example / 'input.json'}")
        assert json.loads(done.stdout) == json.loads((example / "expected.json").read_text())
        assert [process.poll() for process in started] == [None] * 4
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)
        log.close()
    assert stack.processes() == []


def wait_for_token(stack: Stack, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers; `get` asks again because it is the client's own way of asking."""
    for _ in range(60):
        assert server.poll() is None, "the server ended"
        done = stack.ctl("get", "agents", check=None)
        if done.returncode == 0:
            return
        try:
            server.wait(0.5)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("the server did not answer in 30 seconds")
