"""Processes on real Temporal: gone when their workflow is cancelled, and when their runner is killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runner_documents import HEAD
from temporalio.client import WorkflowFailureError

from stigmer_workflow_runner.activities import processes


def sleeping(pid: Path) -> str:
    """A document whose process writes its number to `pid` and sleeps."""
    return HEAD + f"do: [{{a: {{run: {{shell: {{command: 'echo $$ > {pid}; exec sleep 600'}}}}}}}}]"


def living(pid: int) -> bool:
    """Whether a process still runs; one that nobody has fetched yet does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def written(path: Path) -> bool:
    return path.exists() and path.read_text().endswith("\n")


async def eventually(probe: Callable[[], bool]) -> None:
    """Look at another process until what is probed holds, within a bound."""
    async with asyncio.timeout(30):
        while not probe():  # noqa: ASYNC110 - files and processes send no events
            await asyncio.sleep(0.02)


async def test_a_cancelled_workflow_leaves_no_process(runner: Any, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    execution = runner.api.add_execution(runner.api.add_workflow(sleeping(pid)))
    handle = await runner.start(execution)
    await eventually(lambda: written(pid))
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        async with asyncio.timeout(30):
            await handle.result()
    await eventually(lambda: not living(int(pid.read_text())))


async def test_a_timeout_ends_on_time_although_its_process_ignores_that_it_should_end(
    stack: Any, http: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on while the process still lives; later that is killed, and its place in the worker is free."""
    monkeypatch.setattr(processes, "STOP_SECONDS", 8.0)
    pid = tmp_path / "pid"
    stubborn = f"trap true TERM; echo $$ > {pid}; while true; do sleep 1; done"
    document = f"""
do:
  - careful:
      try: [{{stubborn: {{run: {{shell: {{command: '{stubborn}'}}}}, timeout: {{after: {{seconds: 4}}}}}}}}]
      catch: {{as: late, do: [{{note: {{set: {{status: '${{ $late.status }}', at: '${{ $late.instance }}'}}}}}}]}}
"""
    call = f"do: [{{ask: {{call: http, with: {{method: get, endpoint: '{http.url}/free'}}}}}}]"
    async with stack.worker(max_concurrent_activities=1):
        execution, _ = await stack.run(HEAD + document)
        assert stack.api.output(execution) == {"status": 408, "at": "/do/0/careful/try/0/stubborn"}
        assert living(int(pid.read_text()))
        second, _ = await stack.run(HEAD + call)  # it needs the only place
        assert stack.api.output(second)["path"] == "/free"
        assert not living(int(pid.read_text()))


async def test_a_killed_runner_leaves_no_process(stack: Any, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = [sys.executable, "-m", "stigmer_workflow_runner"]
    output = subprocess.DEVNULL
    with subprocess.Popen(command, env=stack.environment(), stdout=output, stderr=output) as process:  # noqa: ASYNC220 - starts at once
        try:
            execution = stack.api.add_execution(stack.api.add_workflow(sleeping(pid)))
            handle = await stack.start(execution)
            await eventually(lambda: written(pid))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(30)
    await eventually(lambda: not living(int(pid.read_text())))
    await handle.terminate("enough")
