"""Becomes the command of an MCP server after asking to be killed when the runner dies.

Started as `python -I -S launch.py PARENT COMMAND ARG…`: standard library only, and nothing of it stays.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Set the death signal, then exec."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call: nobody would send the signal
            sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - to become the server is the point
    except OSError as error:
        sys.exit(f"cannot start {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
