"""Waits until a stack is what it should be, and says which part keeps it from that."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stigmer_cli.errors import StackError
from stigmer_cli.paths import Home
from stigmer_cli.settings import Settings
from stigmer_cli.supervision.components import CANNOT_START, NAMES
from stigmer_cli.supervision.control import Control, ControlUnavailableError, ProgramState
from stigmer_cli.supervision.guard import read_starts
from stigmer_cli.supervision.logs import last_lines
from stigmer_cli.supervision.record import Record

POLL_SECONDS = 0.05
CRASHES_TO_GIVE_UP = 4
LOG_LINES = 15


class NotReadyError(StackError):
    """The stack is slow, or waits for something: it may still become ready."""

    code = "not_ready"


def failed_component(home: Home, states: dict[str, ProgramState]) -> str | None:
    """Return why the stack cannot become ready, or None while it still may."""
    for name, item in states.items():
        if item.state == "EXITED" and item.exit_code == CANNOT_START:
            return f"{name} cannot start (exit code {CANNOT_START})"
        if item.state == "FATAL" or (item.state == "BACKOFF" and item.spawn_error):
            return f"{name} cannot be started: {item.spawn_error or item.state}"
        if len(read_starts(home.starts / f"{name}.json")) >= CRASHES_TO_GIVE_UP:
            return f"{name} keeps crashing"
    return None


def wait_ready(settings: Settings, record: Record, timeout: float, report: Callable[[str], None]) -> Any:
    """Wait until every part answers its probe and return the last Readiness.

    report: called with what is still awaited. Raises StackError with the last log lines of the part that failed or,
    after `timeout` seconds, of the parts that are not ready.
    """
    from stigmer_cli.supervision.probes import Probe  # noqa: PLC0415 - gRPC costs 100 ms

    home = settings.home
    control = Control(Path(record.control_socket))
    deadline = time.monotonic() + timeout
    with Probe.open(settings.local_server_address, settings.temporal_address, settings.token) as probe:
        while True:
            reason = failed_component(home, _states_or_fail(control, home))
            if reason:
                raise StackError(f"the stack did not start: {reason}", details=_log_tail(home, reason.split()[0]))
            found = probe.look()
            waiting = [name for name in NAMES if not found.ready.get(name)]
            if not waiting:
                return found
            if found.refused:
                raise StackError(
                    f"the server on {settings.local_server_address} does not accept the token of {home.root}",
                    hint="is STIGMER_TOKEN set to another token?",
                )
            report(", ".join(waiting))
            if time.monotonic() > deadline:
                raise _too_late(home, waiting, found.reasons, timeout)
            time.sleep(POLL_SECONDS)


def _states_or_fail(control: Control, home: Home) -> dict[str, ProgramState]:
    try:
        return control.states()
    except ControlUnavailableError as error:
        details = last_lines(home.logs / "supervisord.log", LOG_LINES)
        raise StackError("supervisord ended while the stack was starting", details=details) from error


def _too_late(home: Home, waiting: list[str], reasons: dict[str, str], timeout: float) -> NotReadyError:
    details = [f"{name}: {reasons.get(name, 'not ready')}" for name in waiting]
    return NotReadyError(
        f"not ready after {timeout:.0f} s: {', '.join(waiting)}",
        hint="it keeps starting; see `stigmer-ctl status` and `stigmer-ctl logs`, or give more time with --timeout",
        details=details + _log_tail(home, waiting[0]),
    )


def _log_tail(home: Home, component: str) -> list[str]:
    path = home.log_of(component)
    return [f"last lines of {path}:", *last_lines(path, LOG_LINES)]
