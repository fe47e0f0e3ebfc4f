"""Temporal and the runner as processes, each ended by the id that started it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_STOP_SECONDS = 15
_RUNNER = ("-m", "stigmer_agent_runner")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def temporal_command(port: int, database: Path | None = None) -> list[str]:
    """How to run Temporal. database: the file that it keeps everything in; without one it forgets."""
    command = [str(Path(sys.executable).parent / "temporal"), "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
    command += ["--port", str(port), "--log-level", "error"]
    for name in ("history.transferProcessorMaxPollRPS", "history.timerProcessorMaxPollRPS"):
        command += ["--dynamic-config-value", f"{name}=2000"]
    if database is not None:
        command += ["--db-filename", str(database)]
        command += ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"]
    return command


@contextlib.contextmanager
def temporal_server(folder: Path, namespaces: int) -> Iterator[str]:
    """Run Temporal in memory with this many namespaces, test-0, test-1, …; yields its address."""
    port = free_port()
    command = [*temporal_command(port), "--ui-port", str(free_port())]
    for number in range(namespaces):
        command += ["--namespace", f"test-{number}"]
    with (folder / "temporal.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        stop_process(process)


def stop_process(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """Send a signal and reap; SIGKILL when it does not help."""
    process.send_signal(number)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)


class RunnerProcess:
    """`stigmer-agent-runner` as a process with its log in a file."""

    def __init__(self, environment: dict[str, str], log: Path, program: Sequence[str] = _RUNNER) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, *program],
                env={**os.environ, **environment},
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
            )

    def kill(self) -> None:
        """Kill it as a crash does: kill -9."""
        stop_process(self.process, signal.SIGKILL)

    async def died(self) -> None:
        """Wait until it was killed at a failpoint."""
        code = await asyncio.to_thread(self.process.wait, 60)
        assert code == -signal.SIGKILL, f"the runner ended by itself with {code}"

    async def logged(self, event: str) -> None:
        """Wait until the log has an event."""
        async with asyncio.timeout(30):
            while not log_lines(self.log, event):  # noqa: ASYNC110 - another process's file has no event to wait for
                await asyncio.sleep(0.05)

    async def terminate(self) -> None:
        """Ask it to drain and wait."""
        await asyncio.to_thread(stop_process, self.process)


def log_lines(log: Path, event: str) -> list[dict[str, Any]]:
    """The JSON lines of an event in a log."""
    found = []
    for line in log.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and entry.get("event") == event:
                found.append(entry)
    return found
