"""One HTTP request.

Temporal repeats this activity only when its worker is lost (no heartbeat), never because of an answer: the document
decides about retries. So a request is made at least once, and each carries the same `Idempotency-Key` when repeated.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx
from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.failures import failure, fitting, no_surprises
from stigmer_workflow_runner.errors import error_object

BEAT_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 10.0
MAX_REDIRECTS: Final = 10


class HttpCalls:
    """The HTTP activity. `host_map` replaces the beginning of URIs; `max_bytes` bounds a response's body."""

    def __init__(self, host_map: Mapping[str, str] | None = None, max_bytes: int = 1024 * 1024) -> None:
        self._host_map = dict(host_map or {})
        self._max_bytes = max_bytes
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    @activity.defn(name="http")
    async def call(self, request: dict[str, Any]) -> Any:
        """Make the request; fails with a communication error that names the endpoint."""
        label = f"{request['method']} {request['uri']}"
        with no_surprises(label):
            async with beating():
                try:
                    async with asyncio.timeout(request["timeout"]):
                        return fitting(await self.request(request), f"the answer to {label}")
                except TimeoutError as error:
                    detail = f"{label}: no answer within {request['timeout']:g} s"
                    raise failure(error_object("timeout", detail)) from error

    async def request(self, request: Mapping[str, Json]) -> Json:
        """Make the request without Temporal around it."""
        label = f"{request['method']} {request['uri']}"
        try:
            response, body = await self._send(request)
        except httpx.TimeoutException as error:
            raise failure(_communication(504, f"{label}: no answer in time ({type(error).__name__})")) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise failure(error_object("configuration", f"{label}: not a usable URI: {error}")) from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise failure(_communication(503, f"{label}: {reason}")) from error
        highest = 400 if request["redirect"] else 300
        if not 200 <= response.status_code < highest:
            text = body[:500].decode("utf-8", "replace")
            detail = f"{label} answered {response.status_code} {response.reason_phrase}: {text}".rstrip(": ")
            raise failure(_communication(response.status_code, detail))
        return _output(request, response, body)

    async def _send(self, request: Mapping[str, Json]) -> tuple[httpx.Response, bytes]:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT_SECONDS), trust_env=False)
            self._client.max_redirects = MAX_REDIRECTS
        headers = {"Idempotency-Key": request["key"], "Accept": "application/json, */*;q=0.5", **request["headers"]}
        content = _content(request, headers)
        query = [tuple(pair) for pair in request["query"]]
        stream = self._client.stream(
            request["method"],
            self._mapped(request["uri"]),
            params=query or None,
            headers=headers,
            content=content,
            follow_redirects=bool(request["redirect"]),
        )
        async with stream as response:
            chunks, size = [], 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self._max_bytes:
                    detail = f"{request['method']} {request['uri']}: the body is larger than {self._max_bytes} bytes"
                    raise failure(_communication(502, detail))
                chunks.append(chunk)
        return response, b"".join(chunks)

    def _mapped(self, uri: str) -> str:
        for start, target in self._host_map.items():
            if uri == start or uri.startswith((start + "/", start + "?")):
                return target + uri[len(start) :]
        return uri


def _content(request: Mapping[str, Json], headers: dict[str, str]) -> bytes | None:
    """The body's bytes: text as it is, anything else as JSON."""
    if not request["has_body"]:
        return None
    body = request["body"]
    typed = any(name.lower() == "content-type" for name in headers)
    if isinstance(body, str):
        if not typed:
            headers["Content-Type"] = "text/plain; charset=utf-8"
        return body.encode()
    if not typed:
        headers["Content-Type"] = "application/json"
    return json.dumps(body, ensure_ascii=False).encode()


def _output(request: Mapping[str, Json], response: httpx.Response, body: bytes) -> Json:
    if request["output"] == "raw":
        return base64.b64encode(body).decode()
    content = _decoded(response, body)
    if request["output"] == "content":
        return content
    sent = {name: value for name, value in response.request.headers.items() if name.lower() != "authorization"}
    return {
        "request": {"method": request["method"], "uri": request["uri"], "headers": sent},
        "statusCode": response.status_code,
        "headers": dict(response.headers.items()),
        "content": content,
    }


def _decoded(response: httpx.Response, body: bytes) -> Json:
    """JSON by its content type, else text; no body is null."""
    if not body:
        return None
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        with contextlib.suppress(ValueError):
            return json.loads(body)
    try:
        return body.decode(response.charset_encoding or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return base64.b64encode(body).decode()


def _communication(status: int, detail: str) -> dict[str, Json]:
    return error_object("communication", detail, status=status)


@contextlib.asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Heartbeat while the block runs, so that a lost worker and a cancellation are noticed."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_SECONDS)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
