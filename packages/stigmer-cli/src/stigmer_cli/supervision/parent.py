"""Ties a process to the life of supervisord: what supervisord started ends when supervisord ends, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent(pidfile: Path) -> bool:
    """Ask the kernel for SIGTERM when the parent dies; False when the parent is gone already.

    The setting survives exec. Only Linux has it; elsewhere this does nothing. `pidfile` is supervisord's: the parent
    may have died before this process asked, and then a stranger is the parent.
    """
    if sys.platform != "linux":
        return True
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    try:
        return os.getppid() == int(pidfile.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return True  # no readable pid file: nothing to compare with
