"""Speaks XML-RPC to supervisord over its unix socket, with the standard library alone.

So `status` and `down` work without the packages that `up` needs. Every call also wakes supervisord's event loop, which
otherwise looks at its children only once a second.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stigmer_cli.errors import StackError

CALL_SECONDS = 10.0

FAULT_SHUTTING_DOWN = 6
FAULT_NOT_RUNNING = 70
FAULT_ALREADY_STARTED = 60


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What supervisord knows of one program. state: STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL.

    pid: 0 when it does not run. started: unix seconds. exit_code: of the last run, None when it never ended.
    """

    name: str
    state: str
    pid: int
    started: float
    uptime: float
    exit_code: int | None
    spawn_error: str


class ControlUnavailableError(StackError):
    """Nobody answers on the control socket."""

    code = "not_running"


class ShuttingDownError(ControlUnavailableError):
    """supervisord is ending: it answers, but only that."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self.timeout)
        try:
            connection.connect(str(self._path))
        except OSError:
            connection.close()
            raise
        self.sock = connection


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path)
        self._connection = (host, connection)  # where the base class looks for what to close
        return connection


class Control:
    """The supervisord behind one socket. Every method raises ControlUnavailableError when it is away."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path

    @contextlib.contextmanager
    def _rpc(self) -> Iterator[Any]:
        proxy = xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_UnixTransport(self._path))
        try:
            with proxy:
                yield proxy.supervisor
        except xmlrpc.client.Fault as error:
            if error.faultCode == FAULT_SHUTTING_DOWN:
                raise ShuttingDownError("supervisord is shutting down") from error
            raise StackError(f"supervisord refused: {error.faultString}") from error
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise ControlUnavailableError(f"supervisord does not answer on {self._path}: {error}") from error

    def pid(self) -> int:
        """Process id of supervisord."""
        with self._rpc() as supervisor:
            return int(supervisor.getPID())

    def states(self) -> dict[str, ProgramState]:
        """State of every program, by name."""
        with self._rpc() as supervisor:
            return {item["name"]: _state(item) for item in supervisor.getAllProcessInfo()}

    def stop(self, name: str) -> None:
        """Ask a program to stop and return at once; a program that does not run is left as it is."""
        with self._rpc() as supervisor:
            _ignoring(FAULT_NOT_RUNNING, supervisor.stopProcess, name)

    def start(self, name: str) -> None:
        """Ask a program to start and return at once; a program that runs is left as it is."""
        with self._rpc() as supervisor:
            _ignoring(FAULT_ALREADY_STARTED, supervisor.startProcess, name)

    def shutdown(self) -> None:
        """Ask supervisord to stop everything and end; asking twice does no harm."""
        with contextlib.suppress(ShuttingDownError), self._rpc() as supervisor:
            supervisor.shutdown()


def _ignoring(fault: int, call: Any, name: str) -> None:
    try:
        call(name, False)
    except xmlrpc.client.Fault as error:
        if error.faultCode != fault:
            raise


def _state(item: dict[str, Any]) -> ProgramState:
    running = bool(item["pid"])
    ended = bool(item["stop"])
    return ProgramState(
        name=str(item["name"]),
        state=str(item["statename"]),
        pid=int(item["pid"]),
        started=float(item["start"]),
        uptime=float(item["now"] - item["start"]) if running else 0.0,
        exit_code=int(item["exitstatus"]) if ended and not running else None,
        spawn_error=str(item["spawnerr"]),
    )
