"""Runs the command of an MCP server and stays beside it: when the server ends, or the runner dies, nothing of it stays.

Started as `python -I -S launch.py PARENT COMMAND ARG…` in a process group of its own, with the standard library only.
The server has the standard streams; what it leaves running in its group ends with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 2


def main() -> None:
    """Start the server, wait for its end, and end the rest of the group."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call: nobody would send the signal
            sys.exit(1)
    try:
        server = os.posix_spawnp(command[0], command, os.environ)
    except OSError as error:
        sys.exit(f"cannot start {command[0]}: {error.strerror}")
    signal.signal(signal.SIGALRM, lambda *_: _end_group())
    signal.signal(signal.SIGTERM, lambda *_: _ask_to_end(server))
    if os.getppid() != parent:
        _ask_to_end(server)
    for stream in (0, 1):
        os.close(stream)  # the server's alone: the runner must see their end when the server ends
    with contextlib.suppress(ChildProcessError):
        os.waitpid(server, 0)
    _end_group()


def _ask_to_end(server: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(server, signal.SIGTERM)
    signal.alarm(_GRACE_SECONDS)


def _end_group() -> None:
    os.killpg(0, signal.SIGKILL)  # this process too: there is nothing left to do


if __name__ == "__main__":
    main()
