"""A whole Stigmer in a temporary home on free ports, driven through the installed command line."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COMPONENTS = ("temporal", "stigmer-server", "stigmer-workflow-runner", "stigmer-agent-runner")


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [int(item.getsockname()[1]) for item in sockets]


def is_open(port: int) -> bool:
    """Whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Stack:
    """One home. Nothing runs until `up`; `down` is safe at any time."""

    home: Path
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Address of the API server."""
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def token(self) -> str:
        """Token of the API server, once it was started."""
        return (self.home / "token").read_text().strip()

    @property
    def environment(self) -> dict[str, str]:
        """Environment of every command: this home and these ports, and none of the caller's own settings."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("STIGMER_", "TEMPORAL_", "OPENAI_")) and key != "GRPC_PORT"
        }
        ports = zip(("STIGMER_PORT", "STIGMER_TEMPORAL_PORT", "STIGMER_TEMPORAL_UI_PORT"), self.ports, strict=True)
        own = {"STIGMER_HOME": str(self.home), "NO_COLOR": "1"} | {name: str(port) for name, port in ports}
        return kept | own | self.extra

    def ctl(self, *arguments: str, timeout: float = 120, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run stigmer-ctl; `check` is the exit code it must have, None for any."""
        done = subprocess.run(
            [str(BIN / "stigmer-ctl"), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check is not None:
            assert done.returncode == check, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str, timeout: float = 120) -> Any:
        """Run stigmer-ctl with `-o json` and parse what it prints."""
        return json.loads(self.ctl(*arguments, "-o", "json", timeout=timeout).stdout)

    def pid_of(self, component: str) -> int:
        """The process of a component, once it has one: one that was killed has none for a moment."""
        for _ in range(60):  # each look takes its time by itself
            status = json.loads(self.ctl("status", "-o", "json", check=None).stdout)
            found = {item["name"]: item["pid"] for item in status["components"]}
            if found[component]:
                return int(found[component])
        raise AssertionError(f"{component} does not come back: {status}")

    def processes(self) -> list[psutil.Process]:
        """Every process that carries this home in its environment."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("STIGMER_HOME") == str(self.home):
                    found.append(process)
        return found

    def down(self) -> None:
        """Stop the stack and insist that nothing of it is left."""
        self.ctl("down", timeout=60)
        left = [f"{process.pid} {' '.join(process.cmdline())}" for process in self.processes()]
        assert not left, f"left of the stack: {left}"
        assert [port for port in self.ports if is_open(port)] == []


@contextlib.contextmanager
def running(home: Path, **extra: str) -> Iterator[Stack]:
    """A stack that is up, with these further environment variables, and down again afterwards."""
    stack = Stack(home, extra=extra)
    try:
        stack.ctl("up", timeout=120)
        yield stack
    finally:
        stack.down()
