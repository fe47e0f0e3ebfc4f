"""The state of a stack: what supervisord says of each component beside what the probes say."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stigmer_cli.settings import Settings
from stigmer_cli.supervision.components import NAMES, SERVER, TEMPORAL
from stigmer_cli.supervision.control import Control, ControlUnavailableError, ProgramState
from stigmer_cli.supervision.record import read_record
from stigmer_cli.supervision.stack import is_running

EXTERNAL = "EXTERNAL"
ABSENT = "ABSENT"


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """One component. state: of supervisord, EXTERNAL for a Temporal that is not ours, STOPPED without a stack.

    uptime_seconds: 0 when it does not run. ports: that it listens on. reason: why it is not ready.
    """

    name: str
    state: str
    ready: bool
    pid: int | None
    uptime_seconds: int
    ports: list[int]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StackStatus:
    """All components; `running` says whether a stack lives in the home at all."""

    running: bool
    components: list[ComponentStatus]
    home: str
    server_address: str
    database: str = ""

    @property
    def ready(self) -> bool:
        """True when every component answers its probe."""
        return self.running and all(item.ready for item in self.components)

    def as_json(self) -> dict[str, Any]:
        """What `status -o json` prints."""
        return {
            "components": [asdict(item) for item in self.components],
            "ready": self.ready,
            "running": self.running,
            "home": self.home,
            "server_address": self.server_address,
            "database": self.database,
        }


def look(settings: Settings) -> StackStatus:
    """Ask supervisord and every component."""
    home = settings.home
    if not is_running(home):
        gone = [ComponentStatus(name, "STOPPED", False, None, 0, [], "not running") for name in NAMES]
        return StackStatus(False, gone, str(home.root), settings.local_server_address)
    record = read_record(home.record)
    states: dict[str, ProgramState] = {}
    with contextlib.suppress(ControlUnavailableError):  # it is just starting or ending: the probes tell the rest
        states = Control(Path(record.control_socket) if record else home.control_socket).states()
    from stigmer_cli.supervision.probes import Probe  # noqa: PLC0415 - gRPC costs 100 ms

    with Probe.open(settings.local_server_address, settings.temporal_address, settings.token) as probe:
        found = probe.look()
    components = [
        _component(name, states.get(name), found.ready.get(name, False), found.reasons.get(name, ""), settings)
        for name in NAMES
    ]
    return StackStatus(True, components, str(home.root), settings.local_server_address, found.database)


def _component(name: str, state: ProgramState | None, ready: bool, reason: str, settings: Settings) -> ComponentStatus:
    if state is None:
        external = name == TEMPORAL and not settings.managed_temporal
        return ComponentStatus(name, EXTERNAL if external else ABSENT, ready, None, 0, [], reason)
    ports = {
        SERVER: [settings.port("server.port")],
        TEMPORAL: [settings.port("temporal.port"), settings.port("temporal.ui_port")],
    }
    ready = ready and bool(state.pid)  # a worker that died is still listed as a poller for a while
    if not state.pid and not reason:
        reason = state.spawn_error or f"ended with exit code {state.exit_code}"
    uptime = int(state.uptime)
    return ComponentStatus(name, state.state, ready, state.pid or None, uptime, ports.get(name, []), reason)
