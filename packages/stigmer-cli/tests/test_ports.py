"""Taken ports: which, by whom, and which setting moves them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_testing import free_port

from stigmer_cli.__main__ import run
from stigmer_cli.errors import PortTakenError
from stigmer_cli.settings import Settings, load_settings
from stigmer_cli.supervision.ports import check_ports


def test_free_ports_pass(tmp_path: Path, settings_in: Callable[[Path], Settings]) -> None:
    check_ports(settings_in(tmp_path))


def test_a_taken_port_names_its_holder_and_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        flags = {"server.port": free_port(), "temporal.port": port, "temporal.ui_port": free_port()}
        with pytest.raises(PortTakenError) as caught:
            check_ports(load_settings(home=str(tmp_path), flags=flags, environ={}))
    assert f"port {port} for Temporal is taken by pid {os.getpid()} (" in caught.value.message
    assert "STIGMER_TEMPORAL_PORT or --temporal-port" in caught.value.hint


def test_up_ends_with_1_when_a_port_is_taken_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        free = ["--temporal-port", str(free_port()), "--temporal-ui-port", str(free_port())]
        assert run(["up", "--home", str(home), "--port", str(port), *free]) == 1
    assert f"port {port} for the server is taken by pid {os.getpid()}" in capsys.readouterr().err
    assert not (home / "run" / "stack.json").exists()


def test_one_port_for_two_things_is_refused(tmp_path: Path) -> None:
    port = free_port()
    flags = {"server.port": port, "temporal.port": port, "temporal.ui_port": free_port()}
    with pytest.raises(PortTakenError, match=f"server.port={port}, temporal.port={port}"):
        check_ports(load_settings(home=str(tmp_path), flags=flags, environ={}))
