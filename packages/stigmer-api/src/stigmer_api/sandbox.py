"""Which sandbox this machine can give to the commands of agents. Standard library only, nothing is changed by asking.

Here, because both the agent runner (which uses it) and `stigmer-ctl doctor` (which explains it) need the same answer
without importing each other.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["AUTO", "BUBBLEWRAP", "LANDLOCK", "NONE", "SETTINGS", "UNSAFE", "Choice", "Finding", "choose", "probe"]

AUTO, BUBBLEWRAP, LANDLOCK, UNSAFE, NONE = "auto", "bubblewrap", "landlock", "unsafe", "none"

SETTINGS = (AUTO, BUBBLEWRAP, LANDLOCK, UNSAFE, NONE)
"""Values of the setting `agent.sandbox` (STIGMER_AGENT_SANDBOX)."""

LANDLOCK_ABI = 6
"""The oldest Landlock that is enough: it keeps commands from sending signals to processes outside (Linux 6.12)."""

LANDLOCK_MACHINES = ("x86_64", "aarch64")
"""Processors whose system call numbers the filter beside Landlock knows."""

_PROBE_SECONDS = 10
_SYSTEM_PATH = "/usr/bin:/bin:/usr/local/bin:/usr/sbin"
_INSTALL = "install the package bubblewrap (Debian, Ubuntu: apt install bubblewrap)"
_CREATE_RULESET = 444
_VERSION_ONLY = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One sandbox of this machine: whether it works and, in words for people, why (not). path: its program."""

    kind: str
    usable: bool
    detail: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The sandbox in force: its kind, NONE when agents get no shell, and why; all findings; the program's path."""

    kind: str
    reason: str
    findings: tuple[Finding, ...] = ()
    path: str = ""


def probe() -> tuple[Finding, ...]:
    """Try each sandbox, the strongest first. Takes some milliseconds."""
    return (_bubblewrap(), _landlock())


def choose(setting: str, find: Callable[[], Sequence[Finding]] = probe) -> Choice:
    """Return the sandbox for a value of the setting: the strongest that works, never a weaker one than asked for."""
    if setting == NONE:
        return Choice(NONE, "agent.sandbox is none: agents get no shell")
    findings = tuple(find())
    if setting == UNSAFE:
        return Choice(
            UNSAFE, "agent.sandbox is unsafe: commands run as this user, with its files and network", findings
        )
    wanted = [found for found in findings if setting in {AUTO, found.kind}]
    for found in wanted:
        if found.usable:
            why = found.detail if setting == AUTO else f"agent.sandbox is {setting}: {found.detail}"
            return Choice(found.kind, why, findings, found.path)
    problems = "; ".join(f"{found.kind}: {found.detail}" for found in wanted)
    return Choice(NONE, f"no sandbox works, so agents get no shell ({problems})", findings)


def _bubblewrap() -> Finding:
    if sys.platform != "linux":
        return Finding(BUBBLEWRAP, usable=False, detail=f"works on Linux only, this is {sys.platform}")
    path = shutil.which("bwrap") or shutil.which("bwrap", path=_SYSTEM_PATH)
    if path is None:
        return Finding(BUBBLEWRAP, usable=False, detail=f"bwrap is not installed: {_INSTALL}")
    # The same namespaces and mounts that commands get, so that what is found usable is usable.
    command = [path, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--uid", "1000"]
    command += ["--gid", "1000", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "/bin/sh", "-c", ":"]
    try:
        done = subprocess.run(  # noqa: S603 - nothing of it comes from outside
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_SECONDS, check=False, env={}
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(BUBBLEWRAP, usable=False, detail=f"{path} does not start: {error}", path=path)
    if done.returncode != 0:
        said = " ".join(done.stderr.decode(errors="replace").split())[:200] or f"exit code {done.returncode}"
        hint = (
            "; may unprivileged users make user namespaces here (sysctl kernel.apparmor_restrict_unprivileged_userns)?"
        )
        return Finding(BUBBLEWRAP, usable=False, detail=f"{path} fails: {said}{hint}", path=path)
    return Finding(BUBBLEWRAP, usable=True, detail=f"{path} works", path=path)


def _landlock() -> Finding:
    if sys.platform != "linux":
        return Finding(LANDLOCK, usable=False, detail=f"works on Linux only, this is {sys.platform}")
    if platform.machine() not in LANDLOCK_MACHINES:
        return Finding(LANDLOCK, usable=False, detail=f"not known on {platform.machine()} processors")
    if not Path("/proc/sys/kernel/seccomp/actions_avail").exists():
        return Finding(LANDLOCK, usable=False, detail="this kernel has no seccomp filters, which it needs beside")
    abi = _landlock_abi()
    if abi <= 0:
        return Finding(LANDLOCK, usable=False, detail=f"this kernel ({os.uname().release}) has no Landlock")
    if abi < LANDLOCK_ABI:
        detail = f"this kernel has Landlock ABI {abi}; {LANDLOCK_ABI} is needed (Linux 6.12), or {_INSTALL}"
        return Finding(LANDLOCK, usable=False, detail=detail)
    return Finding(LANDLOCK, usable=True, detail=f"the kernel has Landlock ABI {abi}")


def _landlock_abi() -> int:
    """Return the version of the kernel's Landlock, 0 when it has none."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    version: int = call(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_ONLY))
    return max(0, version)
