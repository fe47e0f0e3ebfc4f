"""Confines an MCP server, runs it and stays beside it: when it ends, or the runner dies, nothing of it stays.

Started as `python -I -S launch.py PARENT CONFINEMENT COMMAND ARG…` in a process group of its own, with the standard
library only. CONFINEMENT is JSON of sandbox/program.py; the server's variables stand in one variable, so that none of
them can load code into this process. The server has the standard streams.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any, NoReturn

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

from stigmer_agent_runner.sandbox import confine
from stigmer_agent_runner.sandbox.processes import end_all

ENVIRONMENT = "STIGMER_SERVER_ENVIRONMENT"
_NO_SYSTEM_FILES = {"GIT_CONFIG_NOSYSTEM": "1"}
"""git gives up when it may not read the system's own configuration."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_GRACE_SECONDS = 2
_CANNOT_RUN = 126


def main() -> None:
    """Start the server, wait for its end, and end the rest of what it started."""
    parent, confinement, command = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call: nobody would send the signal
            sys.exit(1)
    server = _start(confinement, command, _environment(confinement))
    signal.signal(signal.SIGALRM, lambda *_: _end())
    signal.signal(signal.SIGTERM, lambda *_: _ask_to_end(server))
    if os.getppid() != parent:
        _ask_to_end(server)
    for stream in (0, 1):
        os.close(stream)  # the server's alone: the runner must see their end when the server ends
    with contextlib.suppress(ChildProcessError):
        os.waitpid(server, 0)
    _end()


def _environment(confinement: dict[str, Any]) -> dict[str, str]:
    """What every program has, places of its own, and what is declared, which counts most."""
    declared: dict[str, str] = json.loads(os.environ.pop(ENVIRONMENT, "{}"))
    places: dict[str, str] = {}
    if "home" in confinement:
        places = {"HOME": confinement["home"], "TMPDIR": confinement["temporary"], **_NO_SYSTEM_FILES}
    return {**os.environ, **places, **declared}


def _start(confinement: dict[str, Any], command: list[str], environment: dict[str, str]) -> int:
    child = os.fork()
    if child == 0:
        try:
            _become(confinement, command, environment)
        except BaseException as error:  # noqa: BLE001 - the edge of a process
            os.write(2, f"cannot start {command[0]}: {getattr(error, 'strerror', None) or error}\n".encode())
        finally:
            os._exit(_CANNOT_RUN)
    return child


def _become(confinement: dict[str, Any], command: list[str], environment: dict[str, str]) -> NoReturn:
    """Confine this process and become the server."""
    if confinement["kind"] != "unsafe":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if confinement["kind"] == "bubblewrap":
        _exec_bubblewrap(confinement, command, environment)
    if confinement["kind"] == "landlock":
        confine.set_no_new_privileges()
        network = confinement["network"]
        confine.restrict_files(confinement["read"], confinement["write"], confinement["devices"], network=network)
        confine.drop_capabilities()
        confine.filter_calls(network=network)
    os.execvpe(command[0], command, environment)  # noqa: S606 - running servers is what this is for


def _exec_bubblewrap(confinement: dict[str, Any], command: list[str], environment: dict[str, str]) -> NoReturn:
    """Give bwrap its arguments, which hold values of variables, by a file that has no name."""
    variables = [word for name, value in environment.items() for word in ("--setenv", name, value)]
    handle = os.memfd_create("arguments", 0)
    os.write(handle, "\0".join([*confinement["bubblewrap"], "--clearenv", *variables]).encode())
    os.lseek(handle, 0, os.SEEK_SET)
    os.execve(confinement["program"], ["bwrap", "--args", str(handle), "--", *command], {})  # noqa: S606 - the same


def _ask_to_end(server: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(server, signal.SIGTERM)
    signal.alarm(_GRACE_SECONDS)


def _end() -> None:
    end_all(os.getpid())
    os.killpg(0, signal.SIGKILL)  # this process too: there is nothing left to do


if __name__ == "__main__":
    main()
