"""Settings: environment over file over default, and a start that cannot succeed says so with exit code 3."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from stigmer_workflow_runner.settings import Settings


@pytest.fixture
def home(tmp_path: Any, monkeypatch: Any) -> Any:
    for name in [key for key in os.environ if key.startswith(("STIGMER_", "TEMPORAL_", "GRPC_PORT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STIGMER_HOME", str(tmp_path))
    return tmp_path


def test_defaults_are_those_of_a_laptop(home: Any) -> None:
    settings = Settings()
    assert (settings.server, settings.temporal, settings.temporal_namespace) == (
        "127.0.0.1:7234",
        "127.0.0.1:7233",
        "default",
    )
    assert settings.token_file == home / "token"


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(home: Any, monkeypatch: Any) -> None:
    (home / "config.yaml").write_text(
        "server: {port: 9000}\ntemporal: {address: 'far:7233'}\nworkflow_runner: {http_host_map: {a: b}}\n"
    )
    assert (Settings().server, Settings().temporal, Settings().http_host_map) == (
        "127.0.0.1:9000",
        "far:7233",
        {"a": "b"},
    )
    monkeypatch.setenv("GRPC_PORT", "9001")
    monkeypatch.setenv("TEMPORAL_SERVICE_ADDRESS", "near:1")
    monkeypatch.setenv("STIGMER_HTTP_HOST_MAP", '{"https://x": "http://y"}')
    assert (Settings().server, Settings().temporal, Settings().http_host_map) == (
        "127.0.0.1:9001",
        "near:1",
        {"https://x": "http://y"},
    )
    monkeypatch.setenv("STIGMER_SERVER_ADDRESS", "api:1")
    assert Settings().server == "api:1"


@pytest.mark.parametrize(
    ("variable", "value", "file"),
    [("STIGMER_PORT", "many", ""), ("STIGMER_LOG_LEVEL", "info", "a: [1"), ("STIGMER_HTTP_HOST_MAP", "{", "")],
)
def test_wrong_settings_end_the_process_with_exit_code_3(home: Any, variable: Any, value: Any, file: Any) -> None:
    (home / "config.yaml").write_text(file)
    done = subprocess.run(
        [sys.executable, "-m", "stigmer_workflow_runner"],
        env={**os.environ, "STIGMER_HOME": str(home), variable: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("stigmer-workflow-runner: wrong settings:")


def test_a_token_is_never_shown() -> None:
    assert "s3cret" not in repr(Settings(token="s3cret"))
