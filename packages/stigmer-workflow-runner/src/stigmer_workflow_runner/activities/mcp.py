"""One method of an MCP server: start or reach it, shake hands, ask, leave.

A call is a session of its own: nothing of the server is kept between two calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Protocol

import httpx
from temporalio import activity
from temporalio.exceptions import ApplicationError

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities import json_rpc
from stigmer_workflow_runner.activities.credentials import Authenticator, Credentials
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.web import Request, Web, communication, lines_of, read_all
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import error_object, fault
from stigmer_workflow_runner.requests import texts

INHERITED: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
"""What of this process's environment a server on this machine gets: nothing that could be a credential."""
STOP_SECONDS: Final = 2.0
SAID_BYTES: Final = 2_000


class Transport(Protocol):
    """How messages reach a server."""

    async def ask(self, message: dict[str, Json]) -> Json:
        """Send a request and wait for its response."""

    async def tell(self, message: dict[str, Json]) -> None:
        """Send a notification."""


class McpCalls:
    """The MCP activity. `stdio`: whether servers may be started on this machine."""

    def __init__(self, web: Web, world: World, authenticator: Authenticator, *, stdio: bool = True) -> None:
        self._web, self._world, self._authenticator, self._stdio = web, world, authenticator, stdio

    @activity.defn(name="mcp")
    async def call(self, argument: dict[str, Any]) -> Any:
        """The result of one method."""
        return await self._world.run(argument, f"mcp {argument['method']}", self._call)

    async def _call(self, opened: Opened) -> Json:
        argument = opened.argument
        if argument["parameters"] is not None and not isinstance(argument["parameters"], dict):
            raise fault("expression", "with.parameters must give an object")
        async with self._transport(opened) as transport:
            version = argument["protocolVersion"]
            hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": argument["client"]}
            answer = await transport.ask(json_rpc.request(1, "initialize", hello))
            started = json_rpc.result_of(answer, "the MCP server's initialize")
            if isinstance(transport, _Http) and isinstance(started, dict):
                transport.version = str(started.get("protocolVersion", version))
            await transport.tell({"jsonrpc": "2.0", "method": "notifications/initialized"})
            asked = json_rpc.request(2, argument["method"], argument["parameters"])
            result = json_rpc.result_of(await transport.ask(asked), f"mcp {argument['method']}")
        if isinstance(result, dict) and result.get("isError"):
            raise failure(communication(500, f"mcp {argument['method']}: {_said(result)}"))
        return result

    @contextlib.asynccontextmanager
    async def _transport(self, opened: Opened) -> AsyncIterator[Transport]:
        argument = opened.argument
        if argument["http"] is not None:
            policy = argument["http"]["endpoint"]["authentication"]
            credentials = await self._authenticator.of(policy, opened)
            opened.authorize(credentials and credentials.shown)
            transport = _Http(self._web, self._authenticator, opened, credentials)
            try:
                yield transport
            finally:
                await transport.leave()
            return
        opened.authorize(None)
        if not self._stdio:
            detail = "this runner starts no MCP servers (workflow_runner.mcp_stdio is off): use transport.http"
            raise failure(error_object("authorization", detail))
        async with _process(argument["stdio"], self._web.max_bytes) as process:
            server = _Stdio(process, self._web.max_bytes)
            try:
                yield server
            finally:
                await server.stop_listening()


def _said(result: Mapping[str, Json]) -> str:
    content = result.get("content")
    items = content if isinstance(content, list) else []
    return "\n".join(str(item.get("text", "")) for item in items if isinstance(item, dict)) or "the tool failed"


class _Http:
    """Streamable HTTP: an answer is JSON, or a stream of events that has it."""

    def __init__(self, web: Web, authenticator: Authenticator, opened: Opened, credentials: Credentials | None) -> None:
        self._web, self._authenticator, self._opened = web, authenticator, opened
        self._credentials = credentials
        self._session = ""
        self.version = ""
        self._where = opened.argument["http"]
        self._uri = self._where["endpoint"]["uri"]

    async def ask(self, message: dict[str, Json]) -> Json:
        """POST the request and read its answer, no further."""
        async with self._sent("POST", message) as response:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                return json_rpc.parsed(await read_all(response, self._web.max_bytes, self._uri), self._uri)
            lines = lines_of(response, self._web.max_bytes, self._uri)
            async for data in json_rpc.events(lines, self._web.max_bytes, self._uri):
                found = json_rpc.parsed(data, self._uri)
                if isinstance(found, dict) and found.get("id") == message["id"] and "method" not in found:
                    return found
        raise failure(communication(502, f"{self._uri}: the stream ended without an answer"))

    async def tell(self, message: dict[str, Json]) -> None:
        """POST the notification."""
        async with self._sent("POST", message):
            return

    async def leave(self) -> None:
        """End the session; a server that does not mind it is fine."""
        if self._session:
            with contextlib.suppress(ApplicationError):
                async with self._sent("DELETE", None):
                    return

    @contextlib.asynccontextmanager
    async def _sent(self, method: str, message: dict[str, Json] | None) -> AsyncIterator[httpx.Response]:
        """The response to a message. A token that the server refuses is replaced once."""
        headers = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            **texts(self._where["headers"], "with.transport.http.headers"),
        }
        if self._session:
            headers["Mcp-Session-Id"] = self._session
        if self.version:
            headers["MCP-Protocol-Version"] = self.version
        request = Request(method, self._uri, headers, content=json.dumps(message).encode() if message else None)
        async with contextlib.AsyncExitStack() as stack:
            response = await stack.enter_async_context(self._web.stream(request, self._auth()))
            if response.status_code == 401 and self._credentials is not None and self._credentials.renewable:
                policy = self._where["endpoint"]["authentication"]
                self._credentials = await self._authenticator.of(policy, self._opened, fresh=True)
                response = await stack.enter_async_context(self._web.stream(request, self._auth()))
            if not 200 <= response.status_code < 300:
                text = (await response.aread())[:500].decode("utf-8", "replace")
                detail = f"{request.label} answered {response.status_code} {response.reason_phrase}: {text}"
                raise failure(communication(response.status_code, detail.rstrip(": ")))
            self._session = response.headers.get("mcp-session-id", self._session)
            yield response

    def _auth(self) -> httpx.Auth | None:
        return None if self._credentials is None else self._credentials.auth


class _Stdio:
    """A line of JSON for each message."""

    def __init__(self, process: asyncio.subprocess.Process, max_bytes: int) -> None:
        self._process, self._max_bytes = process, max_bytes
        self._said = b""
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """Read what the server says beside, so that it never waits for somebody to; the last of it is kept."""
        assert self._process.stderr is not None  # noqa: S101 - for the type checker: it is a pipe
        while data := await self._process.stderr.read(SAID_BYTES):
            self._said = (self._said + data)[-SAID_BYTES:]

    async def ask(self, message: dict[str, Json]) -> Json:
        """Write the request and read until its response; what the server asks meanwhile is declined."""
        await self.tell(message)
        assert self._process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError as error:
                detail = f"a message of the MCP server is larger than {self._max_bytes} bytes"
                raise failure(communication(502, detail)) from error
            if not line:
                raise failure(communication(502, f"the MCP server ended{await self._last_words()}"))
            with contextlib.suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict) and found.get("id") == message["id"] and "method" not in found:
                    return found
                if isinstance(found, dict) and "method" in found and "id" in found:
                    await self.tell(_declined(found))

    async def tell(self, message: dict[str, Json]) -> None:
        """Write a message."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
        with contextlib.suppress(ConnectionError):  # a server that is gone is noticed when reading
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()

    async def _last_words(self) -> str:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._listening), STOP_SECONDS)
        text = self._said.decode("utf-8", "replace").strip()
        return f": {text}" if text else ""

    async def stop_listening(self) -> None:
        """The server is gone."""
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening


def _declined(asked: Mapping[str, Json]) -> dict[str, Json]:
    if asked["method"] == "ping":
        return {"jsonrpc": "2.0", "id": asked["id"], "result": {}}
    error = {"code": -32601, "message": "this client only calls"}
    return {"jsonrpc": "2.0", "id": asked["id"], "error": error}


@contextlib.asynccontextmanager
async def _process(server: Mapping[str, Any], max_bytes: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The server's process, which is gone with all of its children when the block is left."""
    own = {name: os.environ[name] for name in INHERITED if name in os.environ}
    command = [str(server["command"]), *(str(item) for item in server["arguments"])]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**own, **texts(server["environment"], "with.transport.stdio.environment")},
            limit=max_bytes,
            start_new_session=True,
        )
    except OSError as error:
        raise failure(communication(503, f"the MCP server {command[0]!r} cannot be started: {error}")) from error
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
