"""The small process between the runner and one command: confines it, watches it, and ends everything that it started.

Started as `python -I -S spawn.py JOB RESULT` with two file descriptors: a job as JSON to read, and where to write how
it ended, as JSON too. Values never stand in an argument that other processes could read. Standard library only. It dies
with the runner, and everything with it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from typing import Any, NoReturn

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

from stigmer_agent_runner.sandbox import confine
from stigmer_agent_runner.sandbox.processes import (
    descendants,
    end_all,
    go_first,
    go_last,
    resident_bytes,
)

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_CLONE_NEWUSER, _CLONE_NEWPID = 0x10000000, 0x20000000
_LOOK_SECONDS = 0.03
_CANNOT_RUN = 126
_AWAITED = (signal.SIGCHLD, signal.SIGTERM)


def main() -> None:
    """Run the job and write how it ended."""
    job = _read(int(sys.argv[1]))
    result = int(sys.argv[2])
    os.set_inheritable(result, False)
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != job["parent"]:  # the runner died before the call: nobody would send the signal
        return
    go_first()
    ended = _watch(_start(job), job)
    ended["clean"] = end_all(os.getpid())
    os.write(result, json.dumps(ended).encode())


def _read(handle: int) -> dict[str, Any]:
    with open(handle, encoding="utf-8") as file:
        job: dict[str, Any] = json.load(file)
    return job


def _start(job: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
            go_last()
            _become(job)
        except BaseException as error:  # noqa: BLE001 - the edge of a process
            os.write(2, f"the sandbox cannot start the command: {error}\n".encode())
        finally:
            os._exit(_CANNOT_RUN)
    return child


def _become(job: dict[str, Any]) -> NoReturn:
    """Confine this process and become the command."""
    os.setsid()
    os.chdir(job["cwd"])
    limits = job["limits"]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits["files"], limits["files"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"], limits["file_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (limits["memory_bytes"], limits["memory_bytes"]))
    if job["kind"] == "bubblewrap":
        _exec_bubblewrap(job)
    if job["kind"] == "landlock":
        _own_process_ids()
    confine.set_no_new_privileges()
    if job["kind"] == "landlock":
        confine.restrict_files(job["read"], job["write"], job["devices"], network=job["network"])
        confine.drop_capabilities()
        confine.filter_calls(network=job["network"])
    os.execve(job["argv"][0], job["argv"], job["env"])  # noqa: S606 - running commands is what this is for


def _exec_bubblewrap(job: dict[str, Any]) -> NoReturn:
    """Give bwrap its arguments, which hold values of variables, by a file that has no name."""
    handle = os.memfd_create("arguments", 0)
    os.write(handle, "\0".join(job["bubblewrap"]).encode())
    os.lseek(handle, 0, os.SEEK_SET)
    os.execve(job["program"], ["bwrap", "--args", str(handle), "--", *job["argv"]], {})  # noqa: S606 - the same


def _own_process_ids() -> None:
    """Where the kernel lets us, go on in a process namespace of our own: with its first process all others end.

    Elsewhere the search for descendants does the same, and the user's limit of processes holds for them.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWPID) != 0:
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWPID) != 0:
            return
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - no pathlib
                file.write(text)
    first = os.fork()
    if first != 0:
        os._exit(_code_of(os.waitpid(first, 0)[1]))
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    command = os.fork()
    if command != 0:
        while True:
            pid, status = os.waitpid(-1, 0)  # as the first process it reaps all orphans
            if pid == command:
                os._exit(_code_of(status))


def _watch(child: int, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for the command's end, or for the first limit that it breaks."""
    deadline = time.monotonic() + job["seconds"]
    stopped = False
    while True:
        code = _reap(child)
        if code is not None:
            return {"code": code, "why": ""}
        why = "stopped" if stopped else "time" if time.monotonic() > deadline else _excess(job["limits"])
        if why:
            return {"code": _CANNOT_RUN, "why": why}
        heard = signal.sigtimedwait(_AWAITED, _LOOK_SECONDS)
        stopped = heard is not None and heard.si_signo == signal.SIGTERM


def _reap(child: int) -> int | None:
    """Reap what has ended, adopted orphans too; return the exit code of `child` once it is among them."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            return _code_of(status)
        if pid == 0:
            return None


def _excess(limits: dict[str, int]) -> str:
    """The limit that all processes together are over, or nothing."""
    found = descendants(os.getpid())
    if len(found) > limits["processes"]:
        return "processes"
    return "memory" if resident_bytes(found) > limits["memory_bytes"] else ""


def _code_of(status: int) -> int:
    """The exit code of a wait status; as shells do, 128 and more for a signal."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    main()
