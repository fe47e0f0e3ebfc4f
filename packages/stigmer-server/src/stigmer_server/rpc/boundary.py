"""The edge of a call: parses the request, times and logs the call, and turns every failure into a canonical status.

It has the one broad `except` of the server: whatever is neither ApiError nor StoreError is a bug, is logged with its
request id, and reaches the client as INTERNAL with that id and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from stigmer_api.errors import (
    ApiError,
    Cancelled,
    FieldViolation,
    Internal,
    InvalidArgument,
    ResourceExhausted,
    to_rpc_status,
)
from stigmer_api.kinds import kind_by_key
from stigmer_server.errors import api_error_from_store
from stigmer_server.operations.calls import Call, Mutation, serve_call
from stigmer_server.resources.options import serve_with_options
from stigmer_server.rpc import nesting
from stigmer_server.rpc.deadlines import Deadline
from stigmer_store import StoreError

if TYPE_CHECKING:
    from stigmer_api.methods import Method

__all__ = ["DEFAULT_EDGE", "REQUEST_ID", "CallEnded", "Edge", "abort"]

REQUEST_ID = "x-request-id"
"""Metadata key of the request id: taken from the client when it sends one, always answered."""

BoundUnary = Callable[[Any], Awaitable[Message | bytes]]
BoundStream = Callable[[Any], AsyncGenerator[bytes, None]]


class CallEnded(Protocol):
    """Told of every call that ended, with the name of its status code."""

    def __call__(self, method: str, code: str, seconds: float, *, stream: bool) -> None:
        """Count it."""


_LOGGER = "stigmer.rpc"
_log = structlog.get_logger(_LOGGER)
_level = logging.getLogger(_LOGGER)
_LONGEST_REQUEST_ID = 128
_REQUEST_ID_BITS = 128
_MOST_DETAIL_BYTES = 4096  # a client's default for all metadata is 8 KiB; past it the error itself would be lost
_LONGEST_MESSAGE = 1500
_SERVER_FAULTS = frozenset({"INTERNAL", "UNAVAILABLE", "RESOURCE_EXHAUSTED"})
_QUIET_VERBS = frozenset({"get", "list", "updateStatus", "search", "List", "GetInfo", "getEventLog", "getByReference"})


@dataclass(frozen=True, slots=True)
class Edge:
    """Makes handlers of behaviours, all with the same limits; `ended` is told of every call.

    max_call_seconds: for unary calls; max_message_bytes: of a request and of an answer.
    """

    max_call_seconds: float
    max_message_bytes: int
    ended: CallEnded

    def unary(self, method: Method, behaviour: BoundUnary) -> Any:
        """The gRPC handler of a unary method."""
        deadline = Deadline(self.max_call_seconds)

        async def handle(raw: bytes, context: Any) -> bytes:
            call = _Call(method, context, self.ended)
            try:
                self._check_size(raw, "request", "server.max_message_bytes allows")
                serve_with_options(method, call.metadata)
                serve_call(call.seen)
                answer = await deadline.run(behaviour(_parse(method, raw)))
                body = answer if isinstance(answer, bytes) else answer.SerializeToString()
                self._check_size(body, "answer", "server.max_message_bytes allows; ask for a smaller page")
            except asyncio.CancelledError:
                call.finish("CANCELLED")
                raise
            except Exception as error:  # noqa: BLE001 - the edge of the process: nothing may leave it as UNKNOWN
                await _fail(context, call, error)
            call.finish("OK")
            return body

        return grpc.unary_unary_rpc_method_handler(handle)

    def stream(self, method: Method, behaviour: BoundStream) -> Any:
        """The gRPC handler of a server-streaming method."""

        async def handle(raw: bytes, context: Any) -> None:
            call = _Call(method, context, self.ended)
            try:
                self._check_size(raw, "request", "server.max_message_bytes allows")
                async with aclosing(behaviour(_parse(method, raw))) as bodies:
                    async for body in bodies:
                        self._check_size(body, "message of the stream", "server.max_message_bytes allows")
                        await context.write(body)
                        call.sent += 1
            except asyncio.CancelledError:
                call.finish("CANCELLED")
                raise
            except Exception as error:  # noqa: BLE001 - the edge of the process: nothing may leave it as UNKNOWN
                await _fail(context, call, error)
            call.finish("OK")

        return grpc.unary_stream_rpc_method_handler(handle)

    def _check_size(self, body: bytes, what: str, limit: str) -> None:
        if len(body) > self.max_message_bytes:
            raise ResourceExhausted(
                f"the {what} has {len(body)} bytes, more than the {self.max_message_bytes} that {limit}",
                reason="MESSAGE_TOO_LARGE",
                metadata={"limit": str(self.max_message_bytes), "setting": "server.max_message_bytes"},
            )


def _nobody(method: str, code: str, seconds: float, *, stream: bool) -> None:
    """Count nothing."""


DEFAULT_EDGE = Edge(max_call_seconds=120.0, max_message_bytes=64 * 1024 * 1024, ended=_nobody)


class _Call:
    """One call under way, for its log line. `metadata`: what the client sent along."""

    __slots__ = ("_ended", "_started", "metadata", "method", "seen", "sent")

    def __init__(self, method: Method, context: Any, ended: CallEnded) -> None:
        self.method = method
        self.metadata = context.invocation_metadata() or ()
        self.seen = Call(method.path, _request_id(self.metadata), context.peer())
        self.sent = 0
        self._ended = ended
        self._started = time.perf_counter()
        context.set_trailing_metadata(((REQUEST_ID, self.request_id),))

    @property
    def request_id(self) -> str:
        """What the answer and the log call it."""
        return self.seen.request_id

    def finish(self, code: str, error: BaseException | None = None) -> None:
        """Count it and write the access log line."""
        seconds = time.perf_counter() - self._started
        self._ended(self.method.path, code, seconds, stream=self.method.server_streaming)
        quiet = code == "OK" and self.method.name in _QUIET_VERBS
        if quiet and not _level.isEnabledFor(logging.DEBUG):
            return
        write = _log.debug if quiet else _log.warning if code in _SERVER_FAULTS else _log.info
        milliseconds = round(seconds * 1000, 2)
        write(
            "call",
            method=self.method.path,
            code=code,
            ms=milliseconds,
            request_id=self.request_id,
            **self._details(error),
        )

    def _details(self, error: BaseException | None) -> dict[str, Any]:
        details: dict[str, Any] = {"messages": self.sent} if self.method.server_streaming else {}
        if isinstance(error, ApiError):
            details["reason"] = error.reason
        if self.seen.mutations:
            changed = self._main_change()
            details |= {"kind": changed.kind, "id": changed.id, "revision": changed.revision_after}
        return details

    def _main_change(self) -> Mutation:
        """Of everything that the call changed, what it is about."""
        changes = self.seen.mutations
        return next((it for it in changes if kind_by_key(it.kind).command_service == self.method.service), changes[0])


async def abort(context: Any, error: ApiError, request_id: str) -> NoReturn:
    """End a call with the canonical status of an error."""
    clamped = _clamped(error)
    metadata = (
        (REQUEST_ID, request_id),
        ("grpc-status-details-bin", to_rpc_status(clamped).SerializeToString()),
    )
    await context.abort(grpc.StatusCode[clamped.code], clamped.message, metadata)
    raise AssertionError("abort returned")


async def _fail(context: Any, call: _Call, error: Exception) -> NoReturn:
    api_error = _api_error(call, error)
    call.finish(api_error.code, api_error)
    await abort(context, api_error, call.request_id)


def _api_error(call: _Call, error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, StoreError):
        _log.warning("store failed", method=call.method.path, request_id=call.request_id, error=str(error))
        return api_error_from_store(error)
    if isinstance(error, grpc.aio.UsageError):  # the client left while a stream was written
        return Cancelled("the client went away")
    _log.error("unexpected failure", method=call.method.path, request_id=call.request_id, exc_info=error)
    return Internal(
        f"the server failed unexpectedly; its log has the details under request id {call.request_id}",
        reason="INTERNAL",
        metadata={"request_id": call.request_id},
    )


def _parse(method: Method, raw: bytes) -> Message:
    name = method.request.DESCRIPTOR.full_name
    try:
        request = method.request.FromString(raw)
    except DecodeError as error:
        raise InvalidArgument(f"the request is no {name}: {error}", reason="MALFORMED_REQUEST") from error
    if not nesting.fits(method.request, raw):
        raise InvalidArgument(f"the {name} nests deeper than can be listed", reason="MALFORMED_REQUEST")
    return request


def _request_id(metadata: Any) -> str:
    for key, value in metadata:
        if key == REQUEST_ID and isinstance(value, str) and 0 < len(value) <= _LONGEST_REQUEST_ID:
            return value
    return f"{random.getrandbits(_REQUEST_ID_BITS):032x}"  # a name, no secret


def _clamped(error: ApiError) -> ApiError:
    """The error, cut to what fits into metadata."""
    if to_rpc_status(error).ByteSize() <= _MOST_DETAIL_BYTES:
        return error
    kept: list[FieldViolation] = []
    room = _MOST_DETAIL_BYTES - _LONGEST_MESSAGE
    for item in error.violations:
        room -= len(item.field.encode()) + len(item.description.encode()) + 16
        if room < 0:
            break
        kept.append(item)
    metadata = {key: value[:200] for key, value in error.metadata.items()}
    message = error.message.encode()[:_LONGEST_MESSAGE].decode(errors="ignore")
    return type(error)(message, reason=error.reason, metadata=metadata, violations=kept)
