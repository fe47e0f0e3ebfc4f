"""One connection to one MCP server. The only module that imports the SDK, so that its version stays in one place."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Self, TextIO, cast

import httpx2
import mcp_types as types
from mcp.client.client import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from stigmer_agent_runner.mcp.config import HttpTarget, ServerConfig, StdioTarget
from stigmer_agent_runner.mcp.remote import Answer, McpError, McpLost, RemoteTool, ResourceTemplate, Tail
from stigmer_agent_runner.mcp.shelter import ENVIRONMENT, Shelter, hint, launch_path

__all__ = ["Session", "connected"]

_CONNECT_SECONDS = 10.0
_MAX_PAGES = 50
_MAX_TEXT = 1024 * 1024
"""Characters of an answer: no model reads more, and none of it may fill the memory."""

_SURVIVABLE = frozenset({types.INVALID_PARAMS, types.METHOD_NOT_FOUND, types.INVALID_REQUEST})
"""Errors of a call after which the connection is as good as before."""

_CLOSINGS = frozenset({"Connection closed", "SSE stream ended without a response"})
"""What the SDK says when a connection ends. Its code, -32000, is also what many servers give errors of their own."""

logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it logs what servers say, which may be anything
logging.getLogger("client").setLevel(logging.CRITICAL)
logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs whole URLs, in which a key may stand


class Session:
    """An open connection. `lost` is set when it ended by itself. Every method raises McpError."""

    def __init__(self, client: Client, config: ServerConfig, tail: Tail, lost: asyncio.Event) -> None:
        self._client = client
        self._config = config
        self._tail = tail
        self.lost = lost

    async def tools(self) -> tuple[RemoteTool, ...]:
        """Every tool, over all pages."""
        found: list[RemoteTool] = []
        cursor: str | None = None
        with _explained(self._config, self._tail):
            for _ in range(_MAX_PAGES):
                page = await self._client.list_tools(cursor=cursor)
                found += map(_tool, page.tools)
                cursor = page.next_cursor
                if not cursor:
                    return tuple(found)
        raise McpError(f"{self._config.where} lists tools without end", kind="mcp_protocol")

    async def resource_templates(self) -> tuple[ResourceTemplate, ...]:
        """Every resource template of the first page; none when the server has no resources."""
        if self._client.server_capabilities.resources is None:
            return ()
        with _explained(self._config, self._tail):
            try:
                page = await self._client.list_resource_templates()
            except MCPError as error:
                if error.code == types.METHOD_NOT_FOUND:
                    return ()
                raise
        return tuple(
            ResourceTemplate(item.uri_template, item.name, item.description or "", item.mime_type or "")
            for item in page.resource_templates
        )

    async def call(self, tool: str, args: Mapping[str, Any], seconds: float) -> Answer:
        """Call a tool and wait at most `seconds`. Raises McpLost when the connection ended on the way."""
        try:
            result = await self._client.call_tool(tool, dict(args), read_timeout_seconds=seconds)
        except MCPError as error:
            raise self._call_error(error, tool, seconds) from error
        except ValidationError as error:
            text = f"{self._config.where} answered {tool} with something that is no tool result"
            raise McpError(text, kind="mcp_protocol") from error
        except RuntimeError as error:  # what the SDK raises on a session that was closed meanwhile
            raise McpLost(f"{self._config.where} was closed while it carried out {tool}") from error
        return Answer(_text_of(result), bool(result.is_error))

    def _call_error(self, error: MCPError, tool: str, seconds: float) -> McpError:
        if error.code == types.REQUEST_TIMEOUT:
            text = (
                f"{tool} of {self._config.where} did not answer in {seconds:g} s; whether it had its effect is unknown"
            )
            return McpError(text, kind="mcp_call_timeout")
        if _is_closing(error) or self.lost.is_set():
            text = f"{self._config.where} went away while it carried out {tool}; whether it had its effect is unknown"
            return McpLost(self._tail.appended_to(text))
        if error.code not in _SURVIVABLE and isinstance(self._config.target, HttpTarget):
            self.lost.set()  # an expired session answers so for ever: the next call makes a new one
        return McpError(f"{self._config.where} refused {tool}: {error.message}", kind="mcp_call_failed")


@contextlib.asynccontextmanager
async def connected(config: ServerConfig, shelter: Shelter, tail: Tail) -> AsyncIterator[Session]:
    """Connect and shake hands; a process is ended with all its children when the block ends. Raises McpError.

    Enter and leave it in the same task.
    """
    lost = asyncio.Event()
    body_failed = False
    with _explained(config, tail, unless=lambda: body_failed):
        async with contextlib.AsyncExitStack() as stack:
            transport = _transport(config, shelter, stack, tail)
            client = await stack.enter_async_context(Client(_Watched(transport, lost.set)))
            try:
                yield Session(client, config, tail, lost)
            except BaseException:
                body_failed = True
                raise


def _transport(config: ServerConfig, shelter: Shelter, stack: contextlib.AsyncExitStack, tail: Tail) -> Any:
    target = config.target
    if isinstance(target, StdioTarget):
        log = stack.enter_context(_stderr_into(tail))
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-I", "-S", launch_path(), str(os.getpid()), shelter.confinement, shelter.command, *target.args],
            env={ENVIRONMENT: json.dumps(dict(target.environment))},
            cwd=shelter.cwd,
            encoding_error_handler="replace",
        )
        return stdio_client(parameters, log)
    if target.is_sse:
        return sse_client(target.url, headers=dict(target.headers), timeout=_CONNECT_SECONDS)
    return _streamable(target)


@contextlib.asynccontextmanager
async def _streamable(target: HttpTarget) -> AsyncIterator[Any]:
    timeout = httpx2.Timeout(_CONNECT_SECONDS, read=None)  # calls have a time of their own
    async with (
        httpx2.AsyncClient(headers=dict(target.headers), timeout=timeout) as client,
        streamable_http_client(target.url, http_client=client) as streams,
    ):
        yield streams


class _Watched:
    """A transport that tells when what it reads has ended."""

    def __init__(self, inner: Any, ended: Callable[[], None]) -> None:
        self._inner = inner
        self._ended = ended

    async def __aenter__(self) -> tuple[Any, Any]:
        reading, writing = await self._inner.__aenter__()
        return _Reading(reading, self._ended), writing

    async def __aexit__(self, *error: object) -> bool | None:
        return cast("bool | None", await self._inner.__aexit__(*error))


class _Reading:
    """A read stream that calls `ended` at its end."""

    def __init__(self, inner: Any, ended: Callable[[], None]) -> None:
        self._inner = inner
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> bool | None:
        self._ended()
        return cast("bool | None", await self._inner.__aexit__(*error))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._inner.__anext__()
        except BaseException:
            self._ended()
            raise


@contextlib.contextmanager
def _stderr_into(tail: Tail) -> Iterator[TextIO]:
    """A file for a process to write to; what arrives goes into the tail and nowhere else."""
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def read() -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(reading, 65536):
                tail.add(data)
            loop.remove_reader(reading)  # its end: nobody holds the other side any more

    loop.add_reader(reading, read)
    try:
        with os.fdopen(writing, "w") as file:
            yield file
    finally:
        read()
        loop.remove_reader(reading)
        os.close(reading)


@contextlib.contextmanager
def _explained(config: ServerConfig, tail: Tail, unless: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Turn what the SDK and its transports raise into McpError."""
    try:
        yield
    except McpError:
        raise
    except (Exception, BaseExceptionGroup) as error:
        if unless():
            raise
        inner = _innermost(error)
        if isinstance(inner, McpError):
            raise inner from error
        if not isinstance(inner, Exception):
            raise  # a cancellation, or the end of the process
        raise _connect_error(inner, config, tail) from error


def _is_closing(error: MCPError) -> bool:
    """Whether the SDK tells of the end of the connection."""
    return error.code == types.CONNECTION_CLOSED and error.message in _CLOSINGS


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        faults = [one for one in error.exceptions if not isinstance(one, asyncio.CancelledError)]
        error = (faults or error.exceptions)[0]
    return error


def _connect_error(error: Exception, config: ServerConfig, tail: Tail) -> McpError:
    where = config.where
    if isinstance(error, httpx2.HTTPStatusError):
        return _status_error(error.response.status_code, where)
    if isinstance(error, httpx2.HTTPError | OSError) and isinstance(config.target, HttpTarget):
        return McpError(f"cannot reach {where}: {str(error) or type(error).__name__}", kind="mcp_unreachable")
    if isinstance(error, MCPError) and _is_closing(error):
        return McpError(tail.appended_to(f"{where} ended before it answered{hint(config)}"), kind="mcp_start_failed")
    text = f"{where} does not speak MCP as expected: {str(error)[:300] or type(error).__name__}"
    return McpError(tail.appended_to(text), kind="mcp_protocol")


def _status_error(status: int, where: str) -> McpError:
    if status in {401, 403}:
        text = f"{where} refused us with status {status}: check the headers and the variables that they use"
        return McpError(text, kind="mcp_auth")
    return McpError(f"{where} answered with status {status}: check its address", kind="mcp_unreachable")


def _tool(tool: types.Tool) -> RemoteTool:
    hints = tool.annotations.model_dump(by_alias=True, exclude_none=True, mode="json") if tool.annotations else {}
    return RemoteTool(tool.name, tool.description or "", dict(tool.input_schema), hints)


def _text_of(result: types.CallToolResult) -> str:
    parts = [_block_text(block) for block in result.content]
    if not parts and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False)]
    text = "\n".join(parts) or "(no output)"
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}\n[cut: the answer has {len(text)} characters]"


def _block_text(block: Any) -> str:
    match block:
        case types.TextContent():
            return block.text
        case types.ImageContent() | types.AudioContent():
            return f"[{block.type} {block.mime_type}, {len(block.data) * 3 // 4} bytes, not shown]"
        case types.ResourceLink():
            return f"[resource {block.uri}]"
        case types.EmbeddedResource(resource=types.TextResourceContents() as resource):
            return resource.text
        case types.EmbeddedResource(resource=resource):
            return f"[resource {resource.uri}, not shown]"
        case _:
            return f"[{getattr(block, 'type', 'content')}, not shown]"
