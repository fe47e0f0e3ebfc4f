"""Runs one command in the sandbox in force and waits until nothing of it is left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.sandbox import places
from stigmer_agent_runner.sandbox.job import Finished, Job
from stigmer_agent_runner.sandbox.output import HeadAndTail
from stigmer_api.sandbox import BUBBLEWRAP, LANDLOCK, NONE, UNSAFE, Choice

__all__ = ["run_job"]

_log = structlog.get_logger(__name__)

_SPAWN = Path(__file__).with_name("spawn.py")
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_SHELL = "/bin/sh"
_LIMITED_SHELL = 'ulimit -p {n} 2>/dev/null || ulimit -u {n} 2>/dev/null; exec /bin/sh -c "$0"'
"""Inside bubblewrap the limit counts the sandbox's own processes; dash knows it as -p, bash as -u."""

_GRACE_SECONDS = 10.0
"""How long ending everything may take beyond a command's own time."""

_CHUNK = 64 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


async def run_job(choice: Choice, job: Job) -> Finished:
    """Run a command. Cancelling it ends everything that it started before this returns. Raises ToolError."""
    if choice.kind == NONE:
        raise ToolError(f"there is no shell: {choice.reason}")
    _check(job)
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=places.SCRATCH_PREFIX, dir=job.workspace.parent))
    try:
        await asyncio.to_thread(places.prepare_scratch, scratch, dict(job.skills))
        return await _run(_described(choice, job, scratch), job)
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))


def _check(job: Job) -> None:
    if "\0" in job.command:
        raise ToolError("the command holds a NUL character")
    for name, value in job.environment.items():
        if not _NAME.fullmatch(name) or "\0" in value:
            raise ToolError(f"the variable {name!r} cannot be given to a command: its name or value is not possible")


def _described(choice: Choice, job: Job, scratch: Path) -> dict[str, Any]:
    """What spawn.py gets to know."""
    limits = job.limits
    environment = _environment(choice, job, scratch)
    description: dict[str, Any] = {
        "parent": os.getpid(),
        "kind": choice.kind,
        "program": choice.path,
        "cwd": str(job.workspace),
        "argv": [_SHELL, "-c", job.command],
        "env": environment,
        "network": job.network,
        "seconds": limits.seconds,
        "limits": {
            "files": limits.files,
            "file_bytes": limits.file_bytes,
            "cpu_seconds": int(limits.seconds) + 1,
            "memory_bytes": limits.memory_bytes,
            "processes": limits.processes,
        },
    }
    if choice.kind == BUBBLEWRAP:
        description["argv"] = [_SHELL, "-c", _LIMITED_SHELL.format(n=limits.processes), job.command]
        description["bubblewrap"] = places.bubblewrap_arguments(
            job.workspace, scratch, dict(job.skills), environment, network=job.network
        )
    elif choice.kind == LANDLOCK:
        links = [path for path, _ in places.system_links()]
        network_files = places.NETWORK_FILES if job.network else ()
        skills = [str(root) for root in job.skills.values()]
        read = [*places.SYSTEM_FOLDERS, *places.SYSTEM_FILES, *links, *network_files, *skills]
        description["read"] = [*read, str(scratch / "skills")]
        description["write"] = [str(job.workspace), str(scratch / "tmp")]
        description["devices"] = places.DEVICES
    elif choice.kind != UNSAFE:
        raise ToolError(f"there is no sandbox {choice.kind!r}")
    return description


def _environment(choice: Choice, job: Job, scratch: Path) -> dict[str, str]:
    """What every program needs, then what is declared: nothing of the runner's own."""
    inside = choice.kind == BUBBLEWRAP
    temporary = places.TEMPORARY if inside else str(scratch / "tmp")
    return {
        "PATH": _PATH,
        "HOME": temporary,
        "TMPDIR": temporary,
        "LANG": "C.UTF-8",
        "SKILLS": places.SKILLS if inside else str(scratch / "skills"),
        **job.environment,
    }


async def _run(description: Mapping[str, Any], job: Job) -> Finished:
    job_in, job_out = os.pipe()
    result_in, result_out = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(_SPAWN), str(job_in), str(result_out),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={}, pass_fds=(job_in, result_out), start_new_session=True, limit=_CHUNK,
        )  # fmt: skip
    except OSError as error:
        os.close(job_out)
        os.close(result_in)
        raise ToolError(f"cannot start a process: {error.strerror}") from error
    finally:
        os.close(job_in)
        os.close(result_out)
    output = HeadAndTail(job.limits.shown_chars)
    flooded = False
    try:
        await asyncio.to_thread(_feed, job_out, json.dumps(description).encode())
        async with asyncio.timeout(job.limits.seconds + _GRACE_SECONDS):
            flooded = await _collect(process, output, job.limits.output_bytes)
            await process.wait()
    except TimeoutError:
        _log.error("command outlived its sandbox's patience", pid=process.pid)
    finally:
        await asyncio.shield(_ended(process))
        ended = await asyncio.to_thread(_result, result_in)
    text, truncated = output.text()
    if not ended:
        raise ToolError(f"the sandbox did not start or broke: {text.strip()[-500:] or 'it said nothing'}")
    why = "output" if flooded else str(ended["why"])
    return Finished(text, int(ended["code"]), why, truncated)


def _feed(handle: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(handle, "wb") as file:
        file.write(data)


def _result(handle: int) -> dict[str, Any]:
    with open(handle, "rb") as file:
        data = file.read()
    found: dict[str, Any] = json.loads(data) if data else {}
    return found


async def _collect(process: asyncio.subprocess.Process, output: HeadAndTail, most: int) -> bool:
    """Read until the end of the output; True when it was too much and the command was ended for it."""
    flooded = False
    if process.stdout is None:
        return flooded
    while data := await process.stdout.read(_CHUNK):
        output.add(data)
        if output.total > most and not flooded:
            flooded = True
            process.terminate()
    return flooded


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until spawn.py has ended everything, asked first and killed when that takes too long."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        _log.error("sandbox did not end in time and was killed", pid=process.pid)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
