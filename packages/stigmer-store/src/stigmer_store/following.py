"""The writer thread follows the event loop from processor to processor.

Both work on the same objects and take turns at one interpreter lock, so they never run Python at the same time. On two
processors every turn begins with fetching from the other's cache what that has just touched, which costs more than
all that could be done beside each other.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable

__all__ = ["UNKNOWN", "Follower", "processor"]

UNKNOWN = -1


def _current() -> Callable[[], int] | None:
    """libc's way to ask for the processor of the calling thread; None where there is none."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "sched_getcpu", None)


_sched_getcpu = _current()


def processor() -> int:
    """The processor that runs the calling thread; UNKNOWN where nobody says."""
    return UNKNOWN if _sched_getcpu is None else _sched_getcpu()


class Follower:
    """Belongs to the thread that calls it."""

    def __init__(self) -> None:
        self._at = UNKNOWN

    def go_to(self, wanted: int) -> None:
        """Run on this processor from here on, where the system lets a thread choose."""
        if sys.platform == "linux" and wanted not in {self._at, UNKNOWN}:
            self._at = wanted
            try:
                os.sched_setaffinity(0, {wanted})
            except OSError:  # a container may forbid it; it is only slower then
                return
