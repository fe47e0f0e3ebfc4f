"""Says whether a port is free and, when it is not, who has it."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from stigmer_cli.errors import PortTakenError
from stigmer_cli.settings import LOOPBACK, Settings


@dataclass(frozen=True, slots=True)
class Needed:
    """A port that the stack binds: where, what for, and which setting moves it."""

    host: str
    port: int
    purpose: str
    key: str


def needed_ports(settings: Settings) -> tuple[Needed, ...]:
    """Return every port that `up` with these settings binds."""
    server = Needed(settings["server.host"], settings.port("server.port"), "the server", "server.port")
    if not settings.managed_temporal:
        return (server,)
    return (
        server,
        Needed(LOOPBACK, settings.port("temporal.port"), "Temporal", "temporal.port"),
        Needed(LOOPBACK, settings.port("temporal.ui_port"), "the Temporal UI", "temporal.ui_port"),
    )


def is_free(host: str, port: int) -> bool:
    """Return whether a socket can be bound there now."""
    try:
        info = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise PortTakenError(f"cannot bind {host}:{port}: {error}", hint="correct server.host") from error
    with socket.socket(info[0], info[1]) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(info[4])
            probe.listen(1)
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Return "pid 123 (command line)" of whoever listens on a port, or an empty text when that cannot be seen."""
    import psutil  # noqa: PLC0415 - an extra: only `up` and `doctor` come here

    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return ""
    for item in connections:
        if item.status == psutil.CONN_LISTEN and item.laddr and item.laddr.port == port and item.pid:
            try:
                command = " ".join(psutil.Process(item.pid).cmdline())
            except psutil.Error:
                command = "unknown command"
            return f"pid {item.pid} ({command[:120]})"
    return ""


def check_ports(settings: Settings) -> None:
    """Raise PortTakenError that names every taken port, its holder and the setting that moves it."""
    needed = needed_ports(settings)
    doubled = {item.port for item in needed if sum(other.port == item.port for other in needed) > 1}
    if doubled:
        names = ", ".join(f"{item.key}={item.port}" for item in needed if item.port in doubled)
        raise PortTakenError(f"two settings name the same port: {names}", hint="give each a port of its own")
    taken = [item for item in needed if not is_free(item.host, item.port)]
    if taken:
        raise PortTakenError(
            "; ".join(_sentence(item) for item in taken),
            hint=" ".join(_way_out(item, settings) for item in taken),
        )


def _sentence(item: Needed) -> str:
    by = holder(item.port)
    return f"port {item.port} for {item.purpose} is taken" + (f" by {by}" if by else "")


def _way_out(item: Needed, settings: Settings) -> str:
    setting = settings.values[item.key].setting
    return f"Stop that process, or set {setting.env[0]} or {setting.flag} to a free port for {item.purpose}."
