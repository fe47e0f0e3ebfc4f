"""Starts and stops the stack of one home, and waits until what it says is true."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stigmer_cli.errors import StackError, UsageError
from stigmer_cli.paths import Home, write_private
from stigmer_cli.settings import Settings, service_environment
from stigmer_cli.supervision.components import RUNNERS, TEMPORAL, Program, programs
from stigmer_cli.supervision.control import Control, ControlUnavailableError
from stigmer_cli.supervision.launch import LOCKED, is_locked
from stigmer_cli.supervision.logs import last_lines
from stigmer_cli.supervision.record import RECORDED, Record, read_record, write_record
from stigmer_cli.supervision.render import render

POLL_SECONDS = 0.05
LAUNCH_SECONDS = 15.0
STOP_SECONDS = 45.0
LOG_LINES = 15

REQUIRED_MODULES = ("stigmer_server", "stigmer_workflow_runner", "stigmer_agent_runner", "supervisor", "psutil")

Report = Callable[[str], None]

_LAUNCHED: list[subprocess.Popen[bytes]] = []
"""Keeps the launched supervisord from being collected: it outlives this process, and Popen would warn of that."""


def require_local_extra(modules: Sequence[str] = REQUIRED_MODULES) -> None:
    """Raise UsageError that names the extra when what `up` starts is not installed."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"this installation can talk to a server but not start one: {', '.join(missing)} missing",
            hint="pip install 'stigmer-cli[local]'",
        )


def is_running(home: Home) -> bool:
    """Return whether a stack lives in this home."""
    return is_locked(home.lock)


def start(settings: Settings, *, parts: Sequence[Program] | None = None, temporal_database: str = "") -> Record:
    """Render the configuration, start supervisord in the home and record it.

    Returns as soon as supervisord answers: whether its programs are ready is for wait_ready. Raises StackError.
    """
    home = settings.home
    chosen = programs(settings) if parts is None else parts
    write_private(home.supervisord_conf, render(chosen, home.control_socket))
    for old in home.starts.glob("*.json"):
        old.unlink()
    process = _launch(home, service_environment(settings, os.environ))
    pid = _wait_for_control(home, process)
    record = Record(
        supervisord_pid=pid,
        supervisord_started=_start_time(pid),
        control_socket=str(home.control_socket),
        components=[item.name for item in chosen],
        settings={key: settings[key] for key in RECORDED if settings[key]} | _external_temporal(settings),
        temporal_database=temporal_database,
    )
    write_record(home.record, record)
    return record


def _external_temporal(settings: Settings) -> dict[str, str]:
    return {} if settings.managed_temporal else {"temporal.address": settings.temporal_address}


def _launch(home: Home, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the locking launcher in a session of its own, so that no terminal signal ever reaches the stack."""
    with (home.logs / "supervisord.err").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "stigmer_cli.supervision.launch"],
            cwd=home.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
            umask=0o077,
        )
    _LAUNCHED.append(process)
    return process


def _wait_for_control(home: Home, process: subprocess.Popen[bytes]) -> int:
    """Return the pid of supervisord once it answers; connecting at once also makes it start its programs at once."""
    deadline = time.monotonic() + LAUNCH_SECONDS
    control = Control(home.control_socket)
    while True:
        ended = process.poll()
        if ended == LOCKED:
            raise StackError(
                f"another stack lives in {home.root}",
                hint="`stigmer-ctl status` shows it; use another STIGMER_HOME for a second one",
            )
        if ended is not None:
            details = last_lines(home.logs / "supervisord.err", LOG_LINES)
            raise StackError(f"supervisord ended with exit code {ended} at its start", details=details)
        try:
            pid = control.pid()
        except ControlUnavailableError as error:
            if time.monotonic() > deadline:
                process.kill()
                raise StackError(f"supervisord did not answer within {LAUNCH_SECONDS:.0f} s") from error
            time.sleep(POLL_SECONDS / 2)
            continue
        if pid == process.pid:
            return pid
        time.sleep(POLL_SECONDS)  # a socket that another supervisord left behind cannot answer; ours is not up yet


def stop(home: Home, report: Report) -> bool:
    """Stop the stack of this home and wait until it is gone; False when none was running.

    The runners stop first and together, then what they need. What does not go is killed, by the process ids that
    supervisord named. Raises StackError when even that fails.
    """
    if not is_running(home):
        forget(home)
        return False
    record = read_record(home.record)
    control = Control(Path(record.control_socket) if record else home.control_socket)
    known: dict[str, int] = {}
    deadline = time.monotonic() + STOP_SECONDS
    try:
        known = {item.name: item.pid for item in control.states().values() if item.pid}
        _stop_runners(control, deadline)
        control.shutdown()
    except ControlUnavailableError:
        pass  # it may be on its way already: what counts is the lock
    _nudge_until_gone(control, home, deadline, lambda: report(", ".join(n for n, pid in known.items() if _alive(pid))))
    if not _wait_unlocked(home, max(deadline - time.monotonic(), 5.0)):
        _kill(record, known)
        if not _wait_unlocked(home, 5.0):
            raise StackError(f"the stack in {home.root} does not stop", hint=f"see {home.logs / 'supervisord.log'}")
    _wait_pids_gone(known)
    forget(home)
    return True


def _stop_runners(control: Control, deadline: float) -> None:
    for name in RUNNERS:
        if name in control.states():
            control.stop(name)
    while time.monotonic() < deadline:
        states = control.states()
        if not any(states[name].pid for name in RUNNERS if name in states):
            return
        time.sleep(POLL_SECONDS)


def _nudge_until_gone(control: Control, home: Home, deadline: float, report: Callable[[], None]) -> None:
    """Ask again until nobody answers: each question wakes supervisord, which else looks once a second."""
    while time.monotonic() < deadline and is_running(home):
        report()
        try:
            control.shutdown()
        except ControlUnavailableError:
            return
        time.sleep(POLL_SECONDS)


def _wait_unlocked(home: Home, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(home):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _wait_pids_gone(known: dict[str, int]) -> None:
    """Wait for the programs themselves: supervisord reaps them before it ends, unless it was killed."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline and any(_alive(pid) for pid in known.values()):
        time.sleep(POLL_SECONDS)


def _kill(record: Record | None, known: dict[str, int]) -> None:
    """Kill supervisord and what it ran, each only when its pid still belongs to it."""
    pids = list(known.values())
    if record is not None and _start_time(record.supervisord_pid) == record.supervisord_started:
        pids.append(record.supervisord_pid)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_time(pid: int) -> float:
    """Start time of a process (unix seconds), 0 when it is gone: with the pid it names one process for ever."""
    import psutil  # noqa: PLC0415 - an extra that client commands do without

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return 0.0


def forget(home: Home) -> None:
    """Remove what a stack that is gone left in run/."""
    _LAUNCHED[:] = [process for process in _LAUNCHED if process.poll() is None]
    for path in (home.record, home.run / "supervisord.pid"):
        path.unlink(missing_ok=True)
    if home.control_socket.parent != home.run:
        home.control_socket.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not there, or not empty: somebody starts again just now
            home.control_socket.parent.rmdir()


def restart_component(home: Home, name: str) -> None:
    """Stop and start one program. Raises StackError when the stack has no such program."""
    record = read_record(home.record)
    control = Control(Path(record.control_socket) if record else home.control_socket)
    states = control.states()
    if name not in states:
        external = " (Temporal is external)" if name == TEMPORAL else ""
        raise UsageError(f"the stack has no component {name}{external}", hint=f"components: {', '.join(states)}")
    control.stop(name)
    deadline = time.monotonic() + STOP_SECONDS
    while control.states()[name].pid:
        if time.monotonic() > deadline:
            raise StackError(f"{name} does not stop", hint=f"see `stigmer-ctl logs {name}`")
        time.sleep(POLL_SECONDS)
    (home.starts / f"{name}.json").unlink(missing_ok=True)
    control.start(name)
