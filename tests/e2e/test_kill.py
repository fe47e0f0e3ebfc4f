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


def pid_of(stack: Stack, component: str) -> int:
    found = {item["name"]: item["pid"] for item in stack.json("status")["components"]}
    return int(found[component])


def target_of(pid: int, component: str) -> psutil.Process:
    """The process that does the work: the program that supervisord started, whatever wrapped it before its exec."""
    process = psutil.Process(pid)
    assert process.is_running(), component
    return process


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("moment", ["travel", "inspect"])
def test_a_killed_component_comes_back_and_the_run_ends_the_same(stack: Stack, component: str, moment: str) -> None:
    stack.ctl("apply", "-f", str(EXAMPLE / "resources.yaml"))
    before = pid_of(stack, component)
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
    assert pid_of(stack, component) != before
