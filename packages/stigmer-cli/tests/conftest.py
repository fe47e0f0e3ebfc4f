"""Fixtures: a home of its own for every test, free ports, and stacks that are always stopped again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for cli_testing: tests are no package

from cli_testing import free_port
from stand_in import TOKEN, StandIn

from stigmer_cli.settings import SETTINGS, Settings, load_settings
from stigmer_cli.supervision import stack
from stigmer_cli.supervision.components import Program
from stigmer_cli.supervision.record import Record


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting of the developer's own environment away."""
    monkeypatch.delenv("STIGMER_HOME", raising=False)
    for setting in SETTINGS:
        for name in setting.env:
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings_in() -> Callable[[Path], Settings]:
    """Settings of a home, with free ports."""

    def make(home: Path) -> Settings:
        flags = {"server.port": free_port(), "temporal.port": free_port(), "temporal.ui_port": free_port()}
        return load_settings(home=str(home), flags=flags, environ={}, running_stack=False)

    return make


@pytest.fixture
def start_stack() -> Iterator[Callable[[Settings, Sequence[Program]], Record]]:
    """Start stand-in programs under a real supervisord; whatever happens, it is stopped again."""
    started: list[Settings] = []

    def start(settings: Settings, parts: Sequence[Program]) -> Record:
        settings.home.create()
        started.append(settings)
        return stack.start(settings, parts=parts)

    yield start
    for settings in started:
        stack.stop(settings.home, lambda _: None)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A peer that answers, and an environment in which the commands find it."""
    peer = StandIn()
    peer.start()
    monkeypatch.setenv("STIGMER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STIGMER_SERVER_ADDRESS", peer.address)
    monkeypatch.setenv("STIGMER_TOKEN", TOKEN)
    yield peer
    peer.stop()
