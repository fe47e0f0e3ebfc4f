"""Ctrl-C at a prompt, pressed at any moment of its way into readline, is heard."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

PRESSES = 200
WAIT_SECONDS = 30
PROMPTS = f"""
import readline, sys
from stigmer_cli.chatting.interrupts import interruptible
for _ in range({PRESSES}):
    try:
        print("ready", flush=True)
        interruptible(lambda: input("you> "))
    except KeyboardInterrupt:
        continue
print("all heard", flush=True)
"""


@contextmanager
def _prompts() -> Iterator[int]:
    """The terminal of a process that asks until it has been interrupted so often."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROMPTS],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - Ctrl-C needs a terminal of its own
    )
    os.close(slave)
    try:
        yield master
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_ctrl_c_is_heard_at_whatever_moment_of_a_prompt_it_comes() -> None:
    moments = random.Random(1)
    shown = ""
    with _prompts() as terminal:
        while "all heard" not in shown:
            ready, _, _ = select.select([terminal], [], [], WAIT_SECONDS)
            if not ready:
                pytest.fail(f"a Ctrl-C was not heard; the terminal shows {shown[-200:]!r}")
            shown += os.read(terminal, 65536).decode()
            while "ready" in shown:
                shown = shown.split("ready", 1)[1]
                until = time.perf_counter() + moments.random() * 0.0006
                while time.perf_counter() < until:
                    pass  # somewhere on the way from the mark to readline's wait
                os.write(terminal, b"\x03")
