"""Helpers of the tests: waiting with a bound, stand-in programs, processes."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stigmer_cli.supervision.components import Program

WAIT_SECONDS = 30.0


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Poll until the condition holds; fail after WAIT_SECONDS."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {WAIT_SECONDS:.0f} s for: {what}")
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def script(name: str, code: str, priority: int = 10) -> Program:
    """Return a stand-in program that runs this Python code."""
    return Program(name, (sys.executable, "-u", "-c", f"exec({code!r})"), priority)


SLEEP = "import time\nprint('awake', flush=True)\nwhile True: time.sleep(60)"


def environ_of(pid: int) -> dict[str, str]:
    """Read the environment that a process was started with."""
    raw = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    pairs = [item.split(b"=", 1) for item in raw if b"=" in item]
    return {os.fsdecode(key): os.fsdecode(value) for key, value in pairs}
