"""`stigmer-ctl backup` and `restore` against a server process of its own; Temporal is not needed for that."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from stack import BIN, free_ports, is_open

from stigmer_api.client import Client
from stigmer_api.messages import message_class
from stigmer_api.methods import SERVER_SERVICE

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
ENVIRONMENT = """\
apiVersion: agentic.stigmer.ai/v1
kind: Environment
metadata: {name: prod}
spec: {data: {TOKEN: {value: a secret value, is_secret: true}}}
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


def pushed(home: Home, folder: Path) -> None:
    """Push a skill and store a secret."""
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: greeting\ndescription: How to greet\n---\nSay hello.\n")
    home.ctl("skill", "push", str(folder))
    home.ctl("apply", "-f", "-", stdin=ENVIRONMENT)


def files_of(home: Home) -> dict[str, bytes]:
    """Every stored file of a home."""
    root = home.root / "data" / "artifacts"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_backup_makes_another_home_the_same_with_its_files_and_asks_for_the_key(home: Home, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.tar", Home(tmp_path / "other")
    with home.serving():
        pushed(home, tmp_path / "skill")
        out, message = home.ctl("backup", str(copy), "-o", "json")
        told: dict[str, Any] = json.loads(out)
    assert (told["files"], told["missing"]) == (1, [])
    assert told["key_id"] in message
    assert "encryption.key" in message
    key = home.root / "data" / "encryption.key"
    assert key.read_bytes().strip() not in copy.read_bytes()

    refused = other.ctl("restore", str(copy), exit_code=2)[1]
    assert told["key_id"] in refused
    assert "encryption.key is missing" in refused
    assert not (other.root / "data" / "stigmer.db").exists(), "nothing was changed"
    (other.root / "data").mkdir(parents=True, exist_ok=True)
    kept_apart = other.root / "data" / "encryption.key"
    kept_apart.write_text(base64.b64encode(bytes(32)).decode())
    assert "holds another one" in other.ctl("restore", str(copy), exit_code=2)[1]
    kept_apart.write_bytes(key.read_bytes())
    kept_apart.chmod(0o600)
    other.ctl("restore", str(copy))
    assert files_of(other) == files_of(home)
    with other.serving():
        assert "skill/greeting" in other.ctl("get", "skills", "-o", "name")[0]
        assert "Say hello." in other.ctl("get", "skill", "greeting", "-o", "yaml")[0]

    half = tmp_path / "half.tar"
    half.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    assert "is damaged" in other.ctl("restore", str(half), "--no-checksum", exit_code=2)[1]


def test_a_backup_of_an_earlier_version_still_restores(home: Home, tmp_path: Path) -> None:
    """It is the database alone, as the server still sends it to whoever asks without files."""
    copy, other = tmp_path / "copy.db", Home(tmp_path / "other")
    with home.serving():
        home.apply("first")
        with Client(f"127.0.0.1:{home.port}", (home.root / "token").read_text().strip()) as client:
            request = message_class("stigmer.runtime.v1.BackupRequest")()
            pieces = [bytes(chunk.data) for chunk in client.stream(SERVER_SERVICE, "Backup", request)]
    copy.write_bytes(b"".join(pieces))
    (tmp_path / "copy.db.sha256").write_text(f"{hashlib.sha256(copy.read_bytes()).hexdigest()}  copy.db\n")
    assert "database alone" in other.ctl("restore", str(copy))[1]
    with other.serving():
        assert other.agents() == {"agent/first"}


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
