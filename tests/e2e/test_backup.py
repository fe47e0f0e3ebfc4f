"""`stigmer-ctl backup` and `restore` against a server process of its own; Temporal is not needed for that."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from stack import BIN, free_ports, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT_SECONDS = 60
AGENT = """\
apiVersion: agentic.stigmer.ai/v1
kind: Agent
metadata: {{name: {name}}}
spec: {{instructions: You greet people politely and note their name.}}
"""


class Home:
    """A home whose server the test starts and stops by itself."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_ports(1)[0]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("STIGMER_", "TEMPORAL_"))}
        self.environment = {**clean, "STIGMER_HOME": str(root), "STIGMER_PORT": str(self.port)}

    def ctl(self, *words: str, stdin: str = "", exit_code: int = 0) -> tuple[str, str]:
        """Run stigmer-ctl; its output and its messages."""
        command = [str(BIN / "stigmer-ctl"), *words]
        done = subprocess.run(
            command,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert done.returncode == exit_code, done.stderr
        return done.stdout, done.stderr

    def apply(self, *names: str) -> None:
        """Store agents."""
        self.ctl("apply", "-f", "-", stdin="---\n".join(AGENT.format(name=name) for name in names))

    def agents(self) -> set[str]:
        """The names of all agents."""
        return set(self.ctl("get", "agents", "-o", "name")[0].split())

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """A server for the block."""
        environment = {**self.environment, "TEMPORAL_SERVICE_ADDRESS": "127.0.0.1:1"}
        command = [sys.executable, "-m", "stigmer_server"]
        server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + WAIT_SECONDS
            while not is_open(self.port):
                assert server.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
            yield
        finally:
            server.terminate()
            server.wait(WAIT_SECONDS)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def test_what_a_backup_holds_is_there_after_a_restore(home: Home, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with home.serving():
        home.apply("first", "second")
        busy = threading.Thread(target=home.apply, args=[f"while-{number}" for number in range(20)])
        busy.start()
        told: dict[str, Any] = json.loads(home.ctl("backup", str(copy), "-o", "json")[0])
        busy.join()
        home.apply("later")
        assert (told["file"], told["bytes"]) == (str(copy), copy.stat().st_size)
        assert copy.stat().st_mode & 0o777 == 0o600
        assert subprocess.run(["sha256sum", "-c", "copy.db.sha256"], cwd=tmp_path, check=False).returncode == 0
        assert "--force" in home.ctl("backup", str(copy), exit_code=2)[1]
        assert "stigmer-ctl down" in home.ctl("restore", str(copy), exit_code=1)[1]
        before = home.agents()
    assert {"agent/later", "agent/first", "agent/second"} <= before
    assert "not running" in home.ctl("backup", str(tmp_path / "other.db"), exit_code=3)[1]
    message = home.ctl("restore", str(copy))[1]
    kept = home.root / "data" / "stigmer.db.before-restore"
    assert str(kept) in message
    with home.serving():
        after = home.agents()
        assert {"agent/first", "agent/second"} <= after < before
        home.apply("new")
        assert home.agents() == {*after, "agent/new"}
