"""Runs one program of this machine: nothing of our environment, bounded output, and gone when it must be.

Its output goes to files: so a program that leaves children behind, which keep its pipes open, ends when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.errors import error_object

INHERITED: Final = ("PATH", "LANG", "LC_ALL")
"""What of this process's environment a program gets: nothing that could be a credential."""
STOP_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `directory` is where it works and what it has as its home; `label` is for messages."""

    label: str
    command: Sequence[str]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. Its code is 128 and the signal's number when a signal ended it."""

    code: int
    stdout: str
    stderr: str


async def run_program(program: Program, max_bytes: int) -> Ended:
    """Run a program to its end. When this is cancelled, the program and its children are killed.

    Fails with a runtime error when it cannot be started, or writes more than `max_bytes`.
    """
    streams = program.directory / ".stigmer"
    streams.mkdir()
    stdin, stdout, stderr = (streams / name for name in ("stdin", "stdout", "stderr"))
    await asyncio.to_thread(stdin.write_bytes, program.stdin)
    with stdin.open("rb") as given, stdout.open("wb") as out, stderr.open("wb") as err:
        process = await _start(program, (given.fileno(), out.fileno(), err.fileno()))
    try:
        waiting = asyncio.ensure_future(process.wait())
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
            if stdout.stat().st_size + stderr.stat().st_size > max_bytes:
                raise failure(error_object("runtime", f"{program.label} wrote more than {max_bytes} bytes"))
    finally:
        await _stop(process)
    code = process.returncode if process.returncode is not None else -signal.SIGKILL
    texts = [await asyncio.to_thread(path.read_text, "utf-8", "replace") for path in (stdout, stderr)]
    return Ended(128 - code if code < 0 else code, *texts)


async def _start(program: Program, streams: tuple[int, int, int]) -> asyncio.subprocess.Process:
    own = {name: os.environ[name] for name in INHERITED if name in os.environ}
    home = {"HOME": str(program.directory), "TMPDIR": str(program.directory)}
    prefix = await asyncio.to_thread(_dies_with_us)
    try:
        return await asyncio.create_subprocess_exec(
            *prefix,
            *program.command,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            cwd=program.directory,
            env={**own, **home, **program.environment},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise failure(error_object("runtime", f"{program.label} cannot be started: {error}")) from error


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End what is left of the program's session, however often this is cancelled meanwhile.

    Twice is common: a call's own timeout comes first, Temporal's cancellation after it.
    """
    ending = asyncio.ensure_future(_end(process))
    cancelled: asyncio.CancelledError | None = None
    while not ending.done():
        try:
            await asyncio.wait({ending})
        except asyncio.CancelledError as error:
            cancelled = error
    ending.result()
    if cancelled is not None:
        raise cancelled


async def _end(process: asyncio.subprocess.Process) -> None:
    """First asked, then killed."""
    if process.returncode is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
    _signal(process.pid, signal.SIGKILL)
    await process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


@lru_cache(maxsize=1)
def _dies_with_us() -> tuple[str, ...]:
    """What to put before a command so that a killed runner leaves no program running, where the machine can do it."""
    found = shutil.which("setpriv")
    prefix = (found or "", "--pdeathsig", "KILL", "--")
    if found is None or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:  # noqa: S603 - constant
        return ()
    return prefix
