"""Who may call: the bearer token, asked before anything else happens to a call."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import grpc
import grpc.aio
import structlog
from ulid import ULID

from stigmer_api.errors import Unauthenticated
from stigmer_server.rpc.boundary import abort

__all__ = ["TokenInterceptor"]

_log = structlog.get_logger("stigmer.rpc")
_OPEN = "/grpc.health.v1.Health/Check"


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Lets a call pass when it carries `authorization: Bearer <token>`. Only the health check needs none."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Hand the call on, or to the handler that refuses it."""
        details: Any = handler_call_details
        if details.method == _OPEN or self._accepts(details.invocation_metadata or ()):
            return await continuation(handler_call_details)
        # a streaming handler refuses without waiting for a request, whatever the method is
        return grpc.stream_stream_rpc_method_handler(partial(_deny, details.method))

    def _accepts(self, metadata: Any) -> bool:
        """Compare in constant time; several headers count as none."""
        given = [value for key, value in metadata if key == "authorization"]
        if len(given) != 1:
            return False
        header = given[0] if isinstance(given[0], bytes) else str(given[0]).encode()
        scheme, _, rest = header.partition(b" ")
        return hmac.compare_digest(scheme.capitalize() + b" " + rest.strip(), self._expected)


async def _deny(method: str, _requests: Any, context: Any) -> None:
    request_id = str(ULID()).lower()
    _log.warning("call", method=method, code="UNAUTHENTICATED", peer=context.peer(), request_id=request_id)
    error = Unauthenticated(
        "this server wants its token: send metadata `authorization: Bearer <token>`; "
        "the token is in the file `token` of the Stigmer home"
    )
    await abort(context, error, request_id)
