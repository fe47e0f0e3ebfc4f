"""A session that begins as a copy of another: its conversation as of a finished turn, and its files.

Copied once, before the first turn of the new session and while nothing works in the other one. From then on both go
on by themselves: calls of tools belong to the executions that made them, so none of the other's is ever repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stigmer_agent_runner.checkpoints.marks import Marks
from stigmer_agent_runner.checkpoints.whereabouts import notice_of_files
from stigmer_agent_runner.errors import ResolveError
from stigmer_agent_runner.events import Notice
from stigmer_agent_runner.planning import PLAN
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.tools.guard import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stigmer_agent_runner.checkpoints.protocol import SessionStore
    from stigmer_agent_runner.engine.protocol import Control, Emit, Segment

__all__ = ["Fork", "copied", "note_end"]

_DONE = "forked-from"
_LATEST = "latest-turn"
_NOWHERE = "-"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Fork:
    """What a session is a copy of. execution_id: the last turn that both have."""

    session_id: str
    execution_id: str


async def note_end(marks: Marks, execution_id: str, position: str) -> None:
    """Remember where a turn ended, so that a fork can begin there. position: of the engine; empty when it has none."""
    await marks.put(_end_of(execution_id), position or _NOWHERE)
    await marks.put(_LATEST, execution_id)


async def copied(fork: Fork, segment: Segment, store: SessionStore, emit: Emit, control: Control) -> bool:
    """Make the session a copy, unless it is one already; False when `control` asked to stop before that.

    Raises ResolveError when this runner cannot find what is to be copied.
    """
    marks = Marks(segment.checkpoints, segment.session_id)
    if await marks.get(_DONE):
        return True
    home = segment.paths.root.parents[2]
    original = SessionPaths.of(home, fork.session_id)
    await asyncio.to_thread(original.prepare)
    async with store.open(fork.session_id, original, control) as checkpoints:
        if checkpoints is None:
            return False
        theirs = Marks(checkpoints, fork.session_id)
        position = await theirs.get(_end_of(fork.execution_id))
        if not position:
            raise ResolveError(
                f"spec.fork_of_session_id: this agent runner does not know the turn {fork.execution_id} of session"
                f" {fork.session_id}; conversations in files are known where they were held (agent.database_url)",
                kind="fork_missing",
            )
        if position != _NOWHERE:
            threads = (f"thread-{fork.session_id}", segment.thread_id)
            await segment.checkpoints.copy_graph(original, *threads, position)
        for name in (PLAN, OUTSIDE):
            if text := await theirs.get(name):
                await marks.put(name, text)
        await asyncio.to_thread(_copy_files, original.workspace, segment.paths.workspace)
        latest = await theirs.get(_LATEST)
        if (elsewhere := await notice_of_files(theirs, original.root)) is not None:
            emit(elsewhere)
    if latest != fork.execution_id:
        emit(Notice("fork-files", f"Session {fork.session_id} has gone on since: the files here are those of now."))
    await marks.put(_DONE, fork.session_id)
    return True


def _end_of(execution_id: str) -> str:
    return f"end/{execution_id}"


def _copy_files(source: Path, target: Path) -> None:
    """Replace `target` by a copy. Symbolic links stay links, and nothing that is no regular file is copied."""
    staging = target.with_name("workspace-copy")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    handle = os.open(source, _DIRECTORY)
    try:
        _copy_folder(handle, staging)
    finally:
        os.close(handle)
    shutil.rmtree(target, ignore_errors=True)
    staging.rename(target)


def _copy_folder(source: int, target: Path) -> None:
    """Copy what is in an open folder. Its names are opened without following links, whoever changes them meanwhile."""
    for name in os.listdir(source):
        kind = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
        if stat.S_ISLNK(kind):
            (target / name).symlink_to(os.readlink(name, dir_fd=source))
        elif stat.S_ISDIR(kind):
            with _opened(name, _DIRECTORY, source) as folder:
                (target / name).mkdir(mode=0o700)
                _copy_folder(folder, target / name)
        elif stat.S_ISREG(kind):
            with _opened(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, source) as file:
                _copy_file(file, target / name)


@contextlib.contextmanager
def _opened(name: str, flags: int, folder: int) -> Iterator[int]:
    handle = os.open(name, flags, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


def _copy_file(source: int, target: Path) -> None:
    found = os.fstat(source)
    with target.open("xb") as copy, open(source, "rb", closefd=False) as file:
        shutil.copyfileobj(file, copy)
    target.chmod(0o600 | (found.st_mode & 0o100))
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
