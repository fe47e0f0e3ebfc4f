"""The program itself: what it prints, how it ends, and what it refuses to do."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import AGENT_SPEC, request, resource

from stigmer_api.client import Client
from stigmer_api.errors import ApiError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WAIT_SECONDS = 60


class Server:
    """A server process and its log, line by line."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        defaults = {"STIGMER_PORT": "0", "TEMPORAL_SERVICE_ADDRESS": "127.0.0.1:1"}
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("STIGMER_", "TEMPORAL_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stigmer_server"],
            env={**clean, "STIGMER_HOME": str(home), **defaults, **environment},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self.lines: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.lines.append(json.loads(line))
                self._news.notify_all()

    def line(self, event: str) -> dict[str, Any]:
        """The first log line with this event."""
        deadline = time.monotonic() + _WAIT_SECONDS
        with self._news:
            while True:
                for line in self.lines:
                    if line["event"] == event:
                        return line
                assert self._news.wait(deadline - time.monotonic()), f"no {event!r} in {self.lines}"

    @property
    def address(self) -> str:
        """Where it listens."""
        return str(self.line("serving")["address"])

    @property
    def token(self) -> str:
        """Its token."""
        return (self.home / "token").read_text().strip()

    def end(self) -> int:
        """Wait until it has ended, and give its exit code."""
        code = self.process.wait(_WAIT_SECONDS)
        self._reader.join(_WAIT_SECONDS)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


def reference(slug: str) -> Any:
    """A reference to a slug."""
    return request("agent", "getByReference", slug=slug)


@contextmanager
def running(home: Path, **environment: str) -> Iterator[Server]:
    """A server process that is gone afterwards, whatever happens."""
    server = Server(home, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.end()


def test_the_first_start_makes_home_token_and_database_for_their_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    with running(home) as server, Client(server.address, server.token) as client:
        stored = client.call("agent", "create", resource("agent", "greeter", AGENT_SPEC))
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "token").stat().st_mode) == 0o600
        assert len(server.token) >= 32
        assert (home / "data" / "stigmer.db").exists()
        token = server.token
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == 0
    with running(home) as server, Client(server.address, token) as client:
        found = client.call("agent", "getByReference", reference("greeter"))
        assert found == stored


def test_a_token_that_is_there_is_used_and_kept(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("mine\n")
    with running(tmp_path) as server, Client(server.address, "mine") as client:
        with pytest.raises(ApiError) as refused:
            client.call("agent", "getByReference", reference("none"))
        assert refused.value.code == "NOT_FOUND"


def test_a_second_server_on_the_port_is_refused_with_exit_code_3(tmp_path: Path) -> None:
    with running(tmp_path / "one") as first:
        port = first.address.rpartition(":")[2]
        with running(tmp_path / "two", STIGMER_PORT=port) as second:
            assert second.end() == 3
            assert "Address already in use" in second.line("cannot start")["error"]
        with Client(first.address, first.token) as client, pytest.raises(ApiError):
            client.call("agent", "getByReference", reference("none"))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"STIGMER_PORT": "many"}, "STIGMER_PORT"),
        ({"STIGMER_HOST": "0.0.0.0"}, "set tls_certificate and tls_key"),
        ({"STIGMER_LOG_LEVEL": "loud"}, "debug, info, warning or error"),
        ({"STIGMER_DATABASE_URL": "mysql://x"}, "database"),
        ({"STIGMER_TLS_KEY": "/nowhere/key.pem"}, "go together"),
        ({"STIGMER_HOME": "/proc/no-home"}, "set STIGMER_HOME"),
        ({"STIGMER_TLS_KEY": "/nowhere/key.pem", "STIGMER_TLS_CERTIFICATE": "/nowhere/c.pem"}, "TLS files"),
    ],
)
def test_bad_settings_end_with_exit_code_3_and_say_which(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    with running(tmp_path, **environment) as server:
        assert server.end() == 3
        assert words in server.line("cannot start")["error"]


def test_a_database_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with running(tmp_path, STIGMER_DATABASE_URL="postgresql+psycopg://nobody:pa55word@127.0.0.1:1/none") as server:
        assert "pa55word" not in json.dumps(server.line("waiting for the database"))
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == 0


def test_a_stop_with_open_streams_ends_them_and_exits_0(tmp_path: Path) -> None:
    with running(tmp_path) as server, Client(server.address, server.token) as client:
        agent = client.call("agent", "create", resource("agent", "greeter", AGENT_SPEC))
        spec = {"agent_id": agent.metadata.id, "message": "hello"}
        turn = client.call("agent_execution", "create", resource("agent_execution", "x", spec))
        streams = [
            client.stream(
                "agent_execution", "subscribe", request("agent_execution", "subscribe", value=turn.metadata.id)
            )
            for _ in range(100)
        ]
        for stream in streams:
            assert next(stream) == turn
        server.process.send_signal(signal.SIGTERM)
        for stream in streams:
            with pytest.raises(Unavailable) as ended:
                next(stream)
            assert ended.value.reason == "SERVER_STOPPING"
            assert ended.value.metadata["revision"]
        assert server.end() == 0


def test_the_log_is_json_with_one_line_per_command_and_no_secrets(tmp_path: Path) -> None:
    with running(tmp_path) as server, Client(server.address, server.token) as client:
        spec = {"data": {"TOKEN": {"value": "s3cret", "is_secret": True}}}
        client.call("environment", "create", resource("environment", "prod", spec))
        line = server.line("call")
        assert line["method"].endswith("/create")
        assert line["code"] == "OK"
        assert line["request_id"]
        token = server.token
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == 0
        text = json.dumps(server.lines)
        assert "s3cret" not in text
        assert token not in text


def test_a_killed_server_has_kept_everything_it_answered(tmp_path: Path) -> None:
    with running(tmp_path) as server, Client(server.address, server.token) as client:
        names = [f"agent-{number}" for number in range(20)]
        for name in names:
            client.call("agent", "create", resource("agent", name, AGENT_SPEC))
        server.process.kill()
        server.end()
    with running(tmp_path) as server, Client(server.address, server.token) as client:
        for name in names:
            found = client.call("agent", "getByReference", reference(name))
            assert found.status.default_instance_id
