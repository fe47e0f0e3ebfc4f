"""What `up` does from an empty directory to a stack that answers, and what it then says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stigmer_cli.errors import InterruptedByUserError, StackError, UsageError
from stigmer_cli.paths import Home
from stigmer_cli.settings import Settings
from stigmer_cli.suggestions import did_you_mean
from stigmer_cli.supervision import stack
from stigmer_cli.supervision.components import NAMES
from stigmer_cli.supervision.ports import check_ports, is_free, needed_ports
from stigmer_cli.supervision.record import Record, read_record
from stigmer_cli.supervision.temporal_binary import find_binary
from stigmer_cli.supervision.waiting import NotReadyError, wait_ready
from stigmer_cli.terminal import ProgressLine, say

DYING_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Started:
    """A stack that answers its probes. settings: as it runs."""

    settings: Settings
    was_running: bool
    database: str
    temporal_database: str

    def facts(self) -> list[tuple[str, str]]:
        """Label and value of what is worth knowing, in order."""
        settings = self.settings
        found = [("server", settings.local_server_address), ("home", str(settings.home.root))]
        found.append(("database", f"{self.database} (kept)"))
        if settings.managed_temporal:
            found.append(("Temporal", f"{settings.temporal_address}, {self.temporal_database} (kept)"))
            found.append(("Temporal UI", settings.temporal_ui))
        else:
            found.append(("Temporal", f"{settings.temporal_address} (external)"))
        found.append(("logs", str(settings.home.logs)))
        return found

    def as_json(self) -> dict[str, Any]:
        """What `up -o json` prints."""
        settings = self.settings
        return {
            "ready": True,
            "was_running": self.was_running,
            "home": str(settings.home.root),
            "server_address": settings.local_server_address,
            "database": self.database,
            "temporal_address": settings.temporal_address,
            "temporal_database": self.temporal_database,
            "temporal_ui": settings.temporal_ui if settings.managed_temporal else "",
        }


def bring_up(settings: Settings, reload: Callable[[], Settings], timeout: float) -> Started:
    """Start the stack of a home unless it runs, and wait until it is ready.

    reload: resolves the settings again, with what the running stack recorded. Raises CliError with the reason and the
    last log lines; a stack that cannot start is stopped again, one that is only slow is left to go on.
    """
    if stack.is_running(settings.home):
        running = reload()
        return _started(running, await_ready(running, timeout), was_running=True)
    stack.require_local_extra()
    settings.home.create()
    settings.home.ensure_config()
    settings.home.ensure_token()
    temporal_database = _prepare_temporal(settings)
    _let_the_dying_die(settings)
    check_ports(settings)
    stack.start(settings, temporal_database=temporal_database)
    try:
        found = await_ready(settings, timeout)
    except NotReadyError:
        raise
    except StackError:
        stack.stop(settings.home, lambda _: None)
        raise
    return _started(settings, found, was_running=False)


def _let_the_dying_die(settings: Settings) -> None:
    """Give the programs of a stack whose supervisord was killed a moment to end: they still hold its ports.

    Its record is there although nobody holds the lock; after `down` there is none.
    """
    if read_record(settings.home.record) is None:
        return
    deadline = time.monotonic() + DYING_SECONDS
    needed = needed_ports(settings)
    while time.monotonic() < deadline and not all(is_free(item.host, item.port) for item in needed):
        time.sleep(0.1)
    stack.forget(settings.home)


def _prepare_temporal(settings: Settings) -> str:
    """Find or fetch the binary while there is somebody to watch; return the path of its database."""
    if not settings.managed_temporal:
        return ""
    line = ProgressLine()
    binary = find_binary(settings, progress=lambda done, total: line.show(_downloading(done, total)))
    line.clear()
    if binary.origin == "download":
        say(f"Temporal {binary.version} downloaded to {binary.path}")
    return str(settings.home.temporal_database(binary.server_version))


def _downloading(done: int, total: int) -> str:
    of_all = f" of {total / 1e6:.0f} MB ({100 * done // total} %)" if total else ""
    return f"downloading Temporal: {done / 1e6:.0f} MB{of_all}"


def await_ready(settings: Settings, timeout: float) -> Any:
    """Wait until the running stack answers all probes and return the last Readiness."""
    record = _record(settings.home)
    line = ProgressLine()
    try:
        return wait_ready(settings, record, timeout, lambda waiting: line.show(f"waiting for {waiting}"))
    except KeyboardInterrupt as error:
        raise InterruptedByUserError(
            "no longer waiting; the stack goes on starting",
            hint="see `stigmer-ctl status`, or stop it with `stigmer-ctl down`",
        ) from error
    finally:
        line.clear()


def _record(home: Home) -> Record:
    record = read_record(home.record)
    if record is None:
        raise StackError(
            f"a stack holds {home.lock} but has left no record of itself",
            hint="another `up` may just be starting it; else stop it with `stigmer-ctl down`",
        )
    return record


def _started(settings: Settings, readiness: Any, *, was_running: bool) -> Started:
    record = _record(settings.home)
    return Started(settings, was_running, readiness.database, record.temporal_database)


def known_component(word: str) -> str:
    """Return the component that a word names ("server" is enough); UsageError with near matches."""
    for name in NAMES:
        if word in {name, name.removeprefix("stigmer-")}:
            return name
    raise UsageError(
        f"there is no component {word!r}.{did_you_mean(word, NAMES)}", hint=f"components: {', '.join(NAMES)}"
    )


def log_selection(home: Home, subject: str | None) -> tuple[dict[str, Path], Callable[[str], bool]]:
    """Return the files to read and which of their lines: of one component, of one execution, or all."""
    everything = {name: home.log_of(name) for name in NAMES}
    if subject is None:
        return everything, lambda _: True
    prefix, dash, rest = subject.partition("-")
    if dash and prefix in {"aex", "wex"} and rest.isalnum():
        return everything, lambda line: subject in line
    name = known_component(subject)
    return {name: everything[name]}, lambda _: True
