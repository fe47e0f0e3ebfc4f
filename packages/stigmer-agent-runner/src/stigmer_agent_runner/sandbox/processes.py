"""All processes below one, also those that left its group or session: found, counted, ended. Standard library only."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

__all__ = ["descendants", "end_all", "go_first", "go_last", "resident_bytes"]

_ROUNDS = 200
_PAUSE = 0.01
_MANY = 64
_NICE = 5
_PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(root: int) -> list[int]:
    """Return the ids of all processes below `root`."""
    found: list[int] = []
    pending = [root]
    while pending:
        children = list(_children(pending.pop()))
        found += children
        pending += children
    return found


def _children(pid: int) -> Iterator[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib would be loaded for this alone
    except OSError:
        return
    for thread in threads:
        yield from map(int, _words(f"/proc/{pid}/task/{thread}/children"))


def _words(path: str) -> list[str]:
    """The words of a file of /proc; none when its process is gone."""
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - the same
            return file.read().split()
    except OSError:
        return []


def resident_bytes(pids: list[int]) -> int:
    """Return the memory that processes hold in all, shared pages counted for each."""
    total = 0
    for pid in pids:
        words = _words(f"/proc/{pid}/statm")
        total += int(words[1]) * _PAGE if len(words) > 1 else 0
    return total


def end_all(root: int) -> bool:
    """Kill everything below `root`, which adopts orphans (PR_SET_CHILD_SUBREAPER), and reap it; False when some live.

    The uppermost go first: with the first process of a namespace the kernel ends all others and lets none be born. The
    rest are stopped before they are killed: what forks faster than it is killed would never end otherwise.
    """
    for upper in _upper(root):
        _signal(upper, signal.SIGKILL)
    for _ in range(_ROUNDS):
        found = descendants(root)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                _signal(pid, number)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not descendants(root):
            return True
        time.sleep(_PAUSE)
    return False


def _upper(root: int) -> list[int]:
    """The three generations below `root`, the youngest first: a sandbox's own processes, which fork nothing."""
    generation = [root]
    found: list[int] = []
    for _ in range(3):
        generation = [child for pid in generation for child in _children(pid)]
        found = [*generation, *found]
        if len(found) > _MANY:
            break
    return found


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def go_first() -> None:
    """Let this process run before all that it watches, as far as the user may: a fork bomb must not starve it."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def go_last() -> None:
    """Let this process and its children give way to the machine's other work. Call it in a child of `go_first`."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
