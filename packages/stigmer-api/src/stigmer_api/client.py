"""Clients of the API server, for anything that speaks to it: one generic call and one generic stream.

    client = Client("127.0.0.1:7234", token)
    agent = client.call("agent", "get", AgentId(value="agt-…"))

Both clients raise `stigmer_api.errors.ApiError` and nothing of gRPC. A unary call that finds the server away is
repeated by gRPC itself within its deadline only when the request never left this process.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Self

# Read when gRPC loads: its INFO lines on connections coming and going are not for the users of a command line.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import grpc
import grpc.aio

from stigmer_api.errors import ApiError, from_rpc_error
from stigmer_api.methods import Method, method

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from google.protobuf.message import Message

    from stigmer_api.kinds import Kind

DEFAULT_TIMEOUT = 30.0
"""Seconds that a unary call may take."""

DRY_RUN = "stigmer-dry-run"
"""Option of create, apply, update and delete: `true` checks everything, answers, and writes nothing."""

DRY_RUN_AFTER = "stigmer-dry-run-after"
"""Option of a dry run: what may be named because it would be there by then, as `kind/org/slug` with commas between."""

FORCE = "stigmer-force"
"""Option of delete: `true` ends what runs and deletes dependents too."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024

_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.enable_http_proxy", 0),  # a proxy of the environment must never stand between local processes
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


def _metadata(token: str) -> tuple[tuple[str, str | bytes], ...]:
    return (("authorization", f"Bearer {token}"),) if token else ()


class Client:
    """Synchronous client, for the command line. Use it as a context manager or call close()."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self._metadata = _metadata(token)
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; calls under way end with Cancelled."""
        self._channel.close()

    def call(
        self,
        target: Kind | str,
        verb: str,
        request: Message,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        options: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a unary RPC of a kind or a service and return its response message; raises ApiError.

        options: metadata for this call beside the token, for example `{DRY_RUN: "true"}`.
        """
        rpc = method(target, verb)
        stub = self._channel.unary_unary(
            rpc.path, request_serializer=rpc.request.SerializeToString, response_deserializer=rpc.response.FromString
        )
        try:
            return stub(request, timeout=timeout, metadata=(*self._metadata, *(options or {}).items()))
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error

    def stream(self, target: Kind | str, verb: str, request: Message, *, timeout: float | None = None) -> Iterator[Any]:
        """Call a server-streaming RPC and yield its messages until the server ends it; raises ApiError."""
        rpc = method(target, verb)
        stub = self._channel.unary_stream(
            rpc.path, request_serializer=rpc.request.SerializeToString, response_deserializer=rpc.response.FromString
        )
        call = stub(request, timeout=timeout, metadata=self._metadata)
        try:
            yield from call
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            call.cancel()


class AsyncClient:
    """Asyncio client, for the runners: one shared channel per process. Close it with `await close()`."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self._metadata = _metadata(token)
        self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the channel; calls under way end with Cancelled."""
        await self._channel.close()

    async def call(
        self,
        target: Kind | str,
        verb: str,
        request: Message,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        options: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a unary RPC of a kind or a service and return its response message; raises ApiError.

        options: metadata for this call beside the token, for example `{DRY_RUN: "true"}`.
        """
        rpc = method(target, verb)
        stub: Any = self._channel.unary_unary(
            rpc.path, request_serializer=rpc.request.SerializeToString, response_deserializer=rpc.response.FromString
        )
        try:
            return await stub(request, timeout=timeout, metadata=(*self._metadata, *(options or {}).items()))
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    async def stream(
        self, target: Kind | str, verb: str, request: Message, *, timeout: float | None = None
    ) -> AsyncIterator[Any]:
        """Call a server-streaming RPC and yield its messages until the server ends it; raises ApiError."""
        rpc: Method = method(target, verb)
        stub: Any = self._channel.unary_stream(
            rpc.path, request_serializer=rpc.request.SerializeToString, response_deserializer=rpc.response.FromString
        )
        call = stub(request, timeout=timeout, metadata=self._metadata)
        try:
            async for message in call:
                yield message
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        finally:
            with contextlib.suppress(ApiError):
                call.cancel()
