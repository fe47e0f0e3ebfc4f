"""Small pure parts: settings, token, slugs, ids."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_testing import resource

from stigmer_api.kinds import KINDS, kind_by_key
from stigmer_server.errors import StartupError
from stigmer_server.resources.envelope import record_with_status, to_record
from stigmer_server.resources.metadata import (
    is_id_of,
    new_id,
    slug_from_name,
    stamp_created,
    stamp_status_updated,
)
from stigmer_server.settings import load_settings
from stigmer_server.token import read_or_make_token

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STIGMER_HOME", "STIGMER_PORT", "GRPC_PORT", "STIGMER_HOST", "TEMPORAL_SERVICE_ADDRESS"):
        monkeypatch.delenv(name, raising=False)


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(home=tmp_path).port == 7234
    (tmp_path / "config.yaml").write_text("server: {port: 1001}\ntemporal: {port: 9000}\nlog_level: debug\n")
    assert load_settings(home=tmp_path).port == 1001
    assert load_settings(home=tmp_path).temporal_target == "127.0.0.1:9000"
    assert load_settings(home=tmp_path).log_level == "debug"
    monkeypatch.setenv("GRPC_PORT", "1002")
    assert load_settings(home=tmp_path).port == 1002
    monkeypatch.setenv("STIGMER_PORT", "1003")
    assert load_settings(home=tmp_path).port == 1003
    assert load_settings(home=tmp_path, port=1004).port == 1004


def test_the_file_is_read_from_the_home_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text("server: {port: 1001}\n")
    monkeypatch.setenv("STIGMER_HOME", str(tmp_path))
    settings = load_settings()
    assert (settings.home, settings.port) == (tmp_path, 1001)
    assert settings.store_url == f"sqlite:///{tmp_path / 'data' / 'stigmer.db'}"


@pytest.mark.parametrize("text", ["[1, 2]", "server: {port: 99999}", "a: [", "server: {host: 10.0.0.1}"])
def test_a_bad_file_fails_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(StartupError):
        load_settings(home=tmp_path)


def test_an_empty_variable_counts_as_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGMER_PORT", "")
    assert load_settings(home=tmp_path).port == 7234


def test_processes_that_start_at_once_agree_on_one_token(tmp_path: Path) -> None:
    tokens: list[str] = []
    threads = [threading.Thread(target=lambda: tokens.append(read_or_make_token(tmp_path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(tokens) == 16
    assert len(set(tokens)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_an_empty_token_file_fails_the_start(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(StartupError, match="empty"):
        read_or_make_token(tmp_path)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My Agent", "my-agent"),
        ("  a   b  ", "a-b"),
        ("a_b.c", "abc"),
        ("Café au lait!", "caf-au-lait"),
        ("--x--y--", "x-y"),
        ("日本", ""),
    ],
)
def test_names_give_slugs(name: str, slug: str) -> None:
    assert slug_from_name(name) == slug


@given(st.text(max_size=300))
def test_a_slug_has_at_most_63_characters_and_making_it_again_changes_nothing(name: str) -> None:
    slug = slug_from_name(name)
    assert len(slug) <= 63
    assert slug_from_name(slug) == slug


def test_long_names_that_differ_at_the_end_stay_apart() -> None:
    assert slug_from_name("a" * 80 + "1") != slug_from_name("a" * 80 + "2")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_ids_carry_the_prefix_of_their_kind_and_sort_by_time(kind: object) -> None:
    agent = kind_by_key("agent")
    first = new_id(agent)
    assert is_id_of(agent, first)
    assert not is_id_of(kind_by_key("session"), first)
    assert not is_id_of(agent, first.upper())
    assert kind is not None
    assert resource("agent", "x").kind == "Agent"


@pytest.mark.parametrize("later", [timedelta(seconds=5), timedelta(seconds=-5)], ids=["later", "clock set back"])
def test_the_record_of_a_new_status_is_the_one_of_the_whole_resource(later: timedelta) -> None:
    kind = kind_by_key("agent_execution")
    execution = resource("agent_execution", "run", {"agent_id": "agt-1"})
    made = datetime(2026, 1, 1, tzinfo=UTC)
    stamp_created(execution.status.audit, made)
    stored = to_record(kind, execution, 1, {"phase": "old"})
    now = made + later
    execution.status.error = "news"
    stamp_status_updated(execution.status.audit, now)
    fields = {"phase": "new", "empty": ""}
    assert record_with_status(stored, execution, 2, fields, now) == to_record(kind, execution, 2, fields)
