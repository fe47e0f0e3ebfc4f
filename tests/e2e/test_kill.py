"""kill -9 of any component in the middle of the longest example: supervisord restarts it, the output is the same."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from stack import BIN, COMPONENTS, ROOT

if TYPE_CHECKING:
    from stack import Stack

EXAMPLE = ROOT / "examples" / "05-long-run"


def target_of(pid: int, component: str) -> psutil.Process:
    """The process that does the work: the program that supervisord started, whatever wrapped it before its exec."""
    process = psutil.Process(pid)
    assert process.is_running(), component
    return process


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("moment", ["travel", "inspect"])
def test_a_killed_component_comes_back_and_the_run_ends_the_same(stack: Stack, component: str, moment: str) -> None:
    stack.ctl("apply", "-f", str(EXAMPLE / "resources.yaml"))
    before = stack.pid_of(component)
    run = subprocess.Popen(
        [str(BIN / "stigmer-ctl"), "run", "workflow/long-run"],
        env=stack.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr is not None
    seen: list[str] = []
    reached = threading.Event()

    def read(stream: Any) -> None:
        for line in stream:
            seen.append(line)
            if ("visit" if moment == "travel" else "Inspect") in line:
                reached.set()

    reader = threading.Thread(target=read, args=(run.stderr,))
    reader.start()
    try:
        assert reached.wait(60), "".join(seen)
        target_of(before, component).kill()
        assert run.stdout is not None
        output = run.stdout.read()
        assert run.wait(150) == 0, "".join(seen)
    finally:
        run.kill()
        run.wait(10)
        reader.join(10)
        for stream in (run.stdout, run.stderr):
            if stream is not None:
                stream.close()
    assert json.loads(output) == json.loads((EXAMPLE / "expected.json").read_text())
    assert stack.pid_of(component) != before


ASKING = """
apiVersion: agentic.stigmer.ai/v1
kind: Agent
metadata: {name: patient}
spec:
  instructions: You write files when you are allowed to.
  model: scripted
  script: |
    version: 1
    cases:
      - turns:
          - call:
              - {tool: write_file, args: {path: a.txt, content: a}}
              - {tool: write_file, args: {path: b.txt, content: b}, approval: it writes b.txt}
          - say: "{{tool.write_file}}"
"""


def test_an_approval_outlives_every_component_and_is_answered_after_them(stack: Stack, tmp_path: Any) -> None:
    manifest = tmp_path / "patient.yaml"
    manifest.write_text(ASKING)
    stack.ctl("apply", "-f", str(manifest))
    execution = stack.ctl("run", "agent/patient", "-m", "go", "--no-follow", "-o", "name").stdout.strip().split("/")[1]
    wait_for(stack, execution, "EXECUTION_WAITING_FOR_APPROVAL")
    for process in [target_of(stack.pid_of(component), component) for component in COMPONENTS]:
        process.kill()
    answered = stack.ctl("approve", execution, check=None)
    while answered.returncode == 3:  # the server is not back yet
        answered = stack.ctl("approve", execution, check=None)
    assert answered.returncode == 0, answered.stderr
    done = wait_for(stack, execution, "EXECUTION_COMPLETED")
    assert done["status"]["messages"][-1]["content"] == "Wrote 1 bytes to b.txt."


def wait_for(stack: Stack, execution: str, phase: str) -> Any:
    """The execution once it is in a phase; the timeout of the test bounds the wait."""
    while True:
        found = stack.ctl("get", "agentexecution", execution, "-o", "json", check=None)
        if found.returncode == 0:
            state = json.loads(found.stdout)
            if state["status"]["phase"] == phase:
                return state
