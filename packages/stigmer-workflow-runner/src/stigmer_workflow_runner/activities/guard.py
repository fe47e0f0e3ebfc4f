"""Which hosts calls may reach. Checked when a connection is made, on the address that is used: names cannot deceive it.

By default everything but the places where clouds hand out credentials to whoever asks: a workflow on a laptop is meant
to reach services on that laptop.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any, Final

import httpcore

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.errors import RunnerError, error_object

DENIED: Final = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "100.100.100.200", "metadata.google.internal")
"""Addresses of machines' metadata services, and the link-local networks they are in."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HostRefusedError(RunnerError):
    """The rules of this runner do not allow calls to that host."""


class Rules:
    """A list of hosts: names, `*.example.com`, addresses and networks in CIDR form."""

    def __init__(self, entries: Iterable[str]) -> None:
        self.names: list[str] = []
        self.networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in entries:
            try:
                self.networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                self.names.append(entry.strip().lower().rstrip("."))

    def __bool__(self) -> bool:
        return bool(self.names or self.networks)

    def match(self, host: str, address: Address) -> bool:
        """Whether a host, which resolved to `address`, is on the list."""
        name = host.lower().rstrip(".")
        for rule in self.names:
            if rule in ("*", name) or (rule.startswith("*.") and name.endswith(rule[1:])):
                return True
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        found = mapped or address
        return any(found.version == network.version and found in network for network in self.networks)


class Guard:
    """`allow` empty: every host that `deny` does not name. A host on both lists is denied."""

    def __init__(self, allow: Sequence[str] = (), deny: Sequence[str] = DENIED) -> None:
        self._allow, self._deny = Rules(allow), Rules(deny)

    async def address(self, host: str, port: int) -> str:
        """An address of `host` that may be connected to.

        Raises:
            HostRefusedError: the rules forbid it.
            OSError: the name does not resolve.
        """
        addresses = await _addresses(host, port)
        for text in addresses:
            address = ipaddress.ip_address(text.partition("%")[0])
            if self._deny.match(host, address) or (self._allow and not self._allow.match(host, address)):
                shown = host if host == text else f"{host} ({text})"
                raise HostRefusedError(
                    f"calls to {shown} are not allowed by the settings workflow_runner.http_allow and http_deny"
                )
        return addresses[0]

    def backend(self) -> httpcore.AsyncNetworkBackend:
        """A network for httpcore that connects only where this guard allows it."""
        return _Guarded(self)


async def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [str(entry[4][0]) for entry in found]


def refused(error: HostRefusedError, label: str) -> Exception:
    """The failure of an activity whose host is not allowed."""
    detail: dict[str, Json] = error_object("authorization", f"{label}: {error}")
    return failure(detail)


class _Guarded(httpcore.AsyncNetworkBackend):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(self, host: str, port: int, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        """Resolve, check, and connect to the address that was checked."""
        try:
            address = await self._guard.address(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return await self._inner.connect_tcp(address, port, *args, **more)

    async def connect_unix_socket(self, *_args: Any, **_more: Any) -> httpcore.AsyncNetworkStream:
        """Not for workflows."""
        raise HostRefusedError("calls go to hosts, not to sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        """As the backend below."""
        await self._inner.sleep(seconds)
