"""Where each setting comes from, and what wrong ones say."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from stigmer_cli.errors import UsageError
from stigmer_cli.paths import Home
from stigmer_cli.settings import load_settings, service_environment


def write_config(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "config.yaml").write_text(text, encoding="utf-8")


def write_record(home: Path, settings: dict[str, str]) -> None:
    (home / "run").mkdir(parents=True, exist_ok=True)
    (home / "run" / "stack.json").write_text(json.dumps({"settings": settings}), encoding="utf-8")


def test_each_origin_beats_the_one_below_it(tmp_path: Path) -> None:
    environ = {"STIGMER_HOME": str(tmp_path)}

    def found(**extra: str) -> tuple[str, str]:
        value = load_settings(environ=environ | extra, flags=flags).values["server.port"]
        return value.text, value.origin

    flags: dict[str, str | int | None] = {}
    assert found() == ("7234", "default")
    write_config(tmp_path, "server:\n  port: 7001\n")
    assert found() == ("7001", "config.yaml")
    write_record(tmp_path, {"server.port": "7002"})
    assert found() == ("7002", "running stack")
    assert found(STIGMER_PORT="7003") == ("7003", "environment STIGMER_PORT")
    assert found(GRPC_PORT="7004") == ("7004", "environment GRPC_PORT")
    assert found(STIGMER_PORT="", GRPC_PORT="") == ("7002", "running stack"), "an empty variable says nothing"
    flags["server.port"] = 7005
    assert found(STIGMER_PORT="7003") == ("7005", "flag --port")


def test_up_ignores_the_record_of_an_earlier_stack(tmp_path: Path) -> None:
    write_record(tmp_path, {"server.port": "7002"})
    settings = load_settings(home=str(tmp_path), environ={}, running_stack=False)
    assert settings["server.port"] == "7234"


def test_addresses_follow_from_ports_unless_they_are_given(tmp_path: Path) -> None:
    plain = load_settings(home=str(tmp_path), environ={"STIGMER_PORT": "7300", "STIGMER_TEMPORAL_PORT": "7301"})
    assert plain.server_address == "127.0.0.1:7300"
    assert plain.temporal_address == "127.0.0.1:7301"
    assert plain.managed_temporal

    given = load_settings(
        home=str(tmp_path),
        environ={"STIGMER_SERVER_ADDRESS": "far:1", "TEMPORAL_SERVICE_ADDRESS": "temporal:7233"},
    )
    assert given.server_address == "far:1"
    assert given.temporal_address == "temporal:7233"
    assert not given.managed_temporal


def test_a_server_that_binds_every_address_is_reached_over_loopback(tmp_path: Path) -> None:
    settings = load_settings(home=str(tmp_path), environ={"STIGMER_HOST": "0.0.0.0"})
    assert settings.local_server_address == "127.0.0.1:7234"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server: [1, 2", "config.yaml:1"),
        ("- a\n- b\n", "expected a mapping of settings, found list"),
        ("server:\n  port: {a: 1}\n", "server.port must be a single value"),
        ("server:\n  port: many\n", "server.port is 'many' (config.yaml), expected a port number"),
        ("server:\n  port: 70000\n", "expected a port number from 1 to 65535"),
    ],
)
def test_a_config_file_that_is_wrong_says_where(tmp_path: Path, text: str, message: str) -> None:
    write_config(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_settings(home=str(tmp_path), environ={})
    assert message in caught.value.message


def test_flags_reach_the_services_through_their_environment(tmp_path: Path) -> None:
    settings = load_settings(
        home=str(tmp_path), environ={}, flags={"server.port": 7301, "temporal.ui_port": 7302}, running_stack=False
    )
    environment = service_environment(settings, {"PATH": "/bin", "GRPC_PORT": "1"})
    assert environment == {
        "PATH": "/bin",
        "STIGMER_HOME": str(tmp_path),
        "STIGMER_HOST": "127.0.0.1",
        "STIGMER_PORT": "7301",
        "STIGMER_SERVER_ADDRESS": "127.0.0.1:7301",
        "STIGMER_TEMPORAL_UI_PORT": "7302",
        "TEMPORAL_SERVICE_ADDRESS": "127.0.0.1:7233",
    }


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    environ = {"STIGMER_LLM_API_KEY": "sk-1", "STIGMER_DATABASE_URL": "postgresql+psycopg://me:pw@db/x"}
    values = load_settings(home=str(tmp_path), environ=environ).values
    assert values["llm.api_key"].shown == "(set)"
    assert values["server.database_url"].shown == "postgresql+psycopg://me:***@db/x"


def test_the_token_is_made_once_and_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    assert home.ensure_token()
    token = home.read_token()
    assert not home.ensure_token()
    assert home.read_token() == token
    assert len(token) >= 43
    assert stat.S_IMODE(home.token.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    assert sorted(path.name for path in home.root.iterdir()) == ["bin", "data", "run", "token"]


def test_a_home_that_cannot_be_made_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the Stigmer home") as caught:
        Home(tmp_path / "file" / "home").create()
    assert "STIGMER_HOME" in caught.value.hint
