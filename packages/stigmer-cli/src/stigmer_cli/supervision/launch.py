"""Locks a home and becomes supervisord: `python -m stigmer_cli.supervision.launch` in the home.

The lock is held by supervisord itself, on a file descriptor that it keeps for life and that its children never get.
So it is free exactly when supervisord is gone, whatever ended it.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path

LOCKED = 75
"""Exit code when another stack holds the lock (EX_TEMPFAIL)."""

LOCK_DESCRIPTOR = 3
"""supervisord closes descriptors from 5 upwards when it reloads, and 3 upwards in every child."""


def try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None when another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether a stack lives in the home of this lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock(path: Path) -> int | None:
    """Take the lock; a few tries, because a process that only looks (is_locked) holds it for a moment."""
    for _ in range(10):
        descriptor = try_lock(path)
        if descriptor is not None:
            return descriptor
        time.sleep(0.02)
    return None


def main() -> None:
    """Lock, then become supervisord in the foreground."""
    descriptor = _lock(Path("run/stack.lock"))
    if descriptor is None:
        sys.exit(LOCKED)
    if descriptor == LOCK_DESCRIPTOR:
        os.set_inheritable(descriptor, True)
    else:
        os.dup2(descriptor, LOCK_DESCRIPTOR, inheritable=True)
    config = str(Path("supervisord.conf").absolute())
    os.execv(sys.executable, [sys.executable, "-P", "-m", "supervisor.supervisord", "-n", "-c", config])  # noqa: S606 - becoming this program is the purpose


if __name__ == "__main__":
    main()
