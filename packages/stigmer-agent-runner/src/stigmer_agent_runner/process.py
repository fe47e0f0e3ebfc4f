"""What a service process needs of its operating system: die with its parent, know when to stop."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Get SIGTERM when the supervisor dies, but only under one (STIGMER_SUPERVISED=1)."""
    if os.environ.get("STIGMER_SUPERVISED") != "1":
        return
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before the call: nobody will send the signal
        os.kill(os.getpid(), signal.SIGTERM)


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set. Call it in the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
