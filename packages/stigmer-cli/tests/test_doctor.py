"""What `doctor` finds, and how it says so: failures, warnings, and what a running server tells."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cli_testing import free_port
from stand_in import StandIn

from stigmer_api.sandbox import BUBBLEWRAP, LANDLOCK, Finding, choose
from stigmer_cli.__main__ import run
from stigmer_cli.supervision import doctor


class _Models(BaseHTTPRequestHandler):
    """A model endpoint that wants one key."""

    keys: list[str]

    def do_GET(self) -> None:
        key = self.headers.get("Authorization", "")
        self.keys.append(key)
        self.send_response(200 if key == "Bearer right" else 401)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the same
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[str]]]:
    """The address of a model endpoint, and the keys that it was sent."""
    keys: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (_Models,), {"keys": keys}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", keys
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that does not exist yet, with ports that are free."""
    monkeypatch.setenv("STIGMER_HOME", str(tmp_path / "home"))
    for name in ("STIGMER_PORT", "STIGMER_TEMPORAL_PORT", "STIGMER_TEMPORAL_UI_PORT"):
        monkeypatch.setenv(name, str(free_port()))
    return tmp_path / "home"


def _checks(capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, dict[str, Any]]:
    assert run(["doctor", "-o", "json"]) == code
    body = json.loads(capsys.readouterr().out)
    assert body["ok"] is (code == 0)
    return {item["name"]: item for item in body["checks"]}


@pytest.mark.usefixtures("home")
def test_a_machine_that_is_ready_passes_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    checks = _checks(capsys)
    assert list(checks) == [
        *("home", "token", "packages", "temporal", "ports"),
        *("database", "disk", "sandbox", "model", "server"),
    ]
    assert checks["server"]["found"] == "not running"


def test_the_table_marks_warnings_and_failures(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    (home / "token").write_text("secret-token")
    (home / "token").chmod(0o644)
    monkeypatch.setenv("STIGMER_AGENT_SANDBOX", "unsafe")
    assert run(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("warn home") and "0755" in line for line in lines)
    assert any(line.startswith("FAIL token") and "can be read by others" in line for line in lines)
    assert any(line.startswith("warn sandbox") and "unsafe" in line for line in lines)
    assert not any("secret-token" in line for line in lines)


@pytest.mark.usefixtures("home")
def test_it_says_which_sandbox_is_active_and_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = (Finding(BUBBLEWRAP, False, "bwrap is not installed: apt"), Finding(LANDLOCK, True, "Landlock ABI 7"))
    monkeypatch.setattr(doctor, "choose", lambda wanted: choose(wanted, lambda: found))
    active = _checks(capsys)["sandbox"]["found"]
    assert active.startswith("landlock: Landlock ABI 7 (bubblewrap: bwrap is not installed")
    monkeypatch.setenv("STIGMER_AGENT_SANDBOX", "bubblewrap")
    check = _checks(capsys)["sandbox"]
    assert check["warning"]
    assert "agents get no shell" in check["found"]
    monkeypatch.setenv("STIGMER_AGENT_SANDBOX", "prison")
    assert not _checks(capsys, code=1)["sandbox"]["ok"]


@pytest.mark.usefixtures("home")
def test_the_model_endpoint_is_asked_with_its_own_key_only(
    endpoint: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, keys = endpoint
    monkeypatch.setenv("STIGMER_LLM_PROVIDER", "ollama")
    monkeypatch.setenv("STIGMER_LLM_BASE_URL", url)
    monkeypatch.setenv("OPENAI_API_KEY", "of-openai")
    refused = _checks(capsys)["model"]
    assert (refused["warning"], keys) == (True, [""])
    assert "refuses the key (401)" in refused["found"]
    monkeypatch.setenv("STIGMER_LLM_API_KEY", "right")
    assert _checks(capsys)["model"]["found"] == f"ollama at {url} answers (200)"
    monkeypatch.setenv("STIGMER_LLM_BASE_URL", f"http://127.0.0.1:{free_port()}/v1")
    assert "does not answer" in _checks(capsys)["model"]["found"]


@pytest.mark.usefixtures("home")
def test_postgres_that_is_away_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STIGMER_DATABASE_URL", f"postgresql+psycopg://u:hidden@127.0.0.1:{free_port()}/db")
    check = _checks(capsys, code=1)["database"]
    assert "does not answer" in check["found"]
    assert "hidden" not in check["found"]


def test_a_running_server_tells_what_it_misses(server: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    check = _checks(capsys)["server"]
    assert server.address in check["found"]
