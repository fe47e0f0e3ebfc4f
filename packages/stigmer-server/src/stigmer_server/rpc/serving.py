"""The listening server: address, health, reflection and a stop that takes less than a second."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from stigmer_server.errors import StartupError
from stigmer_server.rpc.install import MethodTable
from stigmer_server.rpc.interceptors import TokenInterceptor
from stigmer_server.settings import Settings

__all__ = ["RpcServer"]

_GRACE_SECONDS = 0.5
"""How long calls may run on after the streams were ended."""

_MAX_METADATA_BYTES = 64 * 1024
_NOT_OURS = (
    "cannot listen on {address}: {reason}. Another program may use it; choose another with STIGMER_PORT or STIGMER_HOST"
)


class RpcServer:
    """A gRPC server over a method table. Start it once, stop it once."""

    def __init__(self, settings: Settings, token: str, methods: Mapping[str, Any], services: Iterable[str]) -> None:
        self._settings = settings
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            interceptors=(TokenInterceptor(token),),
            options=[
                # two servers on one port would share its calls at random: the second must fail instead
                ("grpc.so_reuseport", 0),
                # beyond twice the limit gRPC refuses by itself, up to there the edge does, and says why
                ("grpc.max_receive_message_length", 2 * settings.max_message_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
                # idle streams: clients may ping every 10 s, and dead ones are found after a minute
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.keepalive_timeout_ms", 20_000),
            ],
        )
        self._server.add_generic_rpc_handlers((MethodTable(methods),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        self.port = 0

    async def start(self) -> None:
        """Bind and serve; StartupError when the address is taken or the certificate cannot be read."""
        self.port = self._bind()
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, end_streams: Callable[[], None]) -> None:
        """Refuse new calls, end the streams with a status of their own, and wait briefly for the rest."""
        await self._health.enter_graceful_shutdown()
        end_streams()
        await self._server.stop(_GRACE_SECONDS)

    def _bind(self) -> int:
        if self._settings.port:
            _refuse_taken(self._settings.host, self._settings.port)
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        address = f"{host}:{self._settings.port}"
        try:
            if self._settings.tls_certificate is None or self._settings.tls_key is None:
                return self._server.add_insecure_port(address)
            pair = (self._settings.tls_key.read_bytes(), self._settings.tls_certificate.read_bytes())
            return self._server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        except OSError as error:
            raise StartupError(f"cannot read the TLS files: {error}") from error
        except RuntimeError as error:
            raise StartupError(_NOT_OURS.format(address=address, reason=error)) from error


def _refuse_taken(host: str, port: int) -> None:
    """Try the address first: gRPC would write lines of its own to the log, and does not say why it failed."""
    for family, kind, _protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen()
        except OSError as error:
            raise StartupError(_NOT_OURS.format(address=f"{host}:{port}", reason=error.strerror)) from error
