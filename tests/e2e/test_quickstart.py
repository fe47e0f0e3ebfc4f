"""The first command of the README, in an empty home."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from stack import BIN, COMPONENTS, Stack, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "home")
    try:
        yield stack
    finally:
        stack.down()


def test_quickstart_brings_everything_up_and_streams_a_run(fresh: Stack) -> None:
    done = fresh.ctl("quickstart", timeout=180)
    shown = done.stdout + done.stderr
    for word in ("greeter", "write_file", "read_file", "COMPLETED"):
        assert word in shown
    assert "Ada" in done.stdout

    status = fresh.json("status")
    assert {item["name"] for item in status["components"] if item["ready"]} == set(COMPONENTS)
    listed = subprocess.run(
        [str(BIN / "supervisorctl"), "-c", str(fresh.home / "supervisord.conf"), "status"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    ).stdout
    assert [line.split()[1] for line in listed.splitlines()] == ["RUNNING"] * 4

    again = fresh.ctl("quickstart", timeout=120)
    assert "Ada" in again.stdout

    fresh.down()
    assert [port for port in fresh.ports if is_open(port)] == []
    assert fresh.ctl("status", check=None).returncode == 3


def test_run_with_the_stack_down_says_how_to_start_it(fresh: Stack) -> None:
    done = fresh.ctl("run", "workflow/hello", check=3)
    assert "stigmer-ctl up" in done.stderr
