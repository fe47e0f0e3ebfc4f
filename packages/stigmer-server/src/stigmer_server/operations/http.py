"""`/metrics` and `/healthz` over HTTP/1.1, on loopback only. Two pages for programs; not a web server.

A page in a browser must not read them: a request whose Host is not this machine's is refused, and no CORS header is
sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog

from stigmer_server.errors import StartupError
from stigmer_server.operations.metrics import CONTENT_TYPE
from stigmer_store import StoreError

if TYPE_CHECKING:
    from stigmer_server.operations.metrics import Metrics
    from stigmer_store import Repository

__all__ = ["OperationsHttp"]

_HOST = "127.0.0.1"
_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_LARGEST_HEAD = 8 * 1024
_SECONDS = 5.0
_MOST_CONNECTIONS = 32
_REASONS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}

_log = structlog.get_logger("stigmer.http")

Answer = tuple[int, str, bytes]
"""Status, content type, body."""


class OperationsHttp:
    """Serves on a port of 127.0.0.1. One request to a connection; a slow or long one is cut off."""

    def __init__(self, repository: Repository, metrics: Metrics, port: int) -> None:
        self.port = port
        self._repository = repository
        self._metrics = metrics
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._pages: dict[str, Callable[[], Awaitable[Answer]]] = {"/metrics": self._render, "/healthz": self._health}

    async def start(self) -> None:
        """Bind; StartupError when the port is taken."""
        try:
            self._server = await asyncio.start_server(self._connected, _HOST, self.port, limit=_LARGEST_HEAD)
        except OSError as error:
            raise StartupError(
                f"cannot listen on {_HOST}:{self.port}: {error.strerror}; choose another with STIGMER_HTTP_PORT"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        _log.info("serving metrics", address=f"http://{_HOST}:{self.port}/metrics")

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= _MOST_CONNECTIONS:
            writer.close()
            return
        self._open.add(task)
        try:
            with contextlib.suppress(OSError, TimeoutError):  # whoever asked is gone, or too slow to be told
                async with asyncio.timeout(2 * _SECONDS):
                    writer.write(_response(*await self._answer(reader)))
                    await writer.drain()
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[Answer, bool]:
        try:
            async with asyncio.timeout(_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            return _text(408, "the request did not come in time"), True
        except asyncio.LimitOverrunError:
            return _text(431, f"a request has at most {_LARGEST_HEAD} bytes"), True
        except asyncio.IncompleteReadError:
            return _text(400, "this is no HTTP request"), True
        line, *headers = head.decode("latin-1").split("\r\n")
        words = line.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _text(400, "this is no HTTP/1.1 request"), True
        return await self._page(words[0], words[1].partition("?")[0], headers), words[0] != "HEAD"

    async def _page(self, method: str, path: str, headers: list[str]) -> Answer:
        if not self._is_ours(headers):
            return _text(403, "the Host of the request is not this machine's")
        if path not in self._pages:
            return _text(404, "there is /metrics and /healthz")
        if method not in {"GET", "HEAD"}:
            return _text(405, "only GET and HEAD")
        return await self._pages[path]()

    def _is_ours(self, headers: list[str]) -> bool:
        """Whether there is one Host and it names this machine: else a page of another name could read through DNS."""
        given = [
            value.strip() for name, _, value in (item.partition(":") for item in headers) if name.lower() == "host"
        ]
        if len(given) != 1:
            return False
        return given[0].lower() in {form for name in _NAMES for form in (name, f"{name}:{self.port}")}

    async def _render(self) -> Answer:
        try:
            return 200, CONTENT_TYPE, await self._metrics.render()
        except StoreError:
            return _text(503, "the database does not answer")

    async def _health(self) -> Answer:
        try:
            revision = await self._repository.revision()
        except StoreError:
            return _text(503, "the database does not answer")
        body = {"status": "serving", "version": version("stigmer-server"), "revision": revision}
        return 200, "application/json", json.dumps(body).encode() + b"\n"


def _text(status: int, text: str) -> Answer:
    return status, "text/plain; charset=utf-8", text.encode() + b"\n"


def _response(answer: Answer, with_body: bool) -> bytes:
    status, content_type, body = answer
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")
