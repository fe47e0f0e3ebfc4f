"""The MCP servers of all sessions: started when first used, shared by the segments of a session, closed when idle."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from stigmer_agent_runner.mcp.connection import Connection, Limits
from stigmer_agent_runner.mcp.remote import McpError, McpLost, RemoteTool

if TYPE_CHECKING:
    from stigmer_agent_runner.mcp.config import ServerConfig
    from stigmer_agent_runner.mcp.remote import Answer

__all__ = ["McpPool", "PooledServer"]

_log = structlog.get_logger(__name__)

_BACKOFF = (0.2, 1.0)
"""Seconds before the second and the third attempt to start a server."""

_SULK_SECONDS = 10.0
"""For how long a server that did not start is not tried again: a model asks again at once."""

_FINAL = frozenset({"mcp_command_missing", "mcp_auth", "mcp_start_timeout", "mcp_tools_changed"})
"""Failures that another attempt does not mend."""


class PooledServer:
    """One server of one session. Starts again by itself when it went away."""

    def __init__(self, config: ServerConfig, workspace: Path, limits: Limits) -> None:
        self.config = config
        self.leases = 0
        self.idle: asyncio.TimerHandle | None = None
        self._workspace = workspace
        self._limits = limits
        self._starting = asyncio.Lock()
        self._connection: Connection | None = None
        self._listed: tuple[RemoteTool, ...] | None = None
        self._failure: tuple[McpError, float] | None = None

    async def tools(self) -> tuple[RemoteTool, ...]:
        """The tools that the server listed when it started first; later starts must list the same. Raises McpError."""
        await self._live()
        return self._listed or ()

    async def call(self, tool: str, args: Mapping[str, Any], *, repeatable: bool) -> Answer:
        """Call a tool. A `repeatable` call whose connection was lost is made once more. Raises McpError."""
        try:
            return await (await self._live()).call(tool, args)
        except McpLost:
            if not repeatable:
                raise
        return await (await self._live()).call(tool, args)

    async def close(self) -> None:
        """End the connection; a later call opens a new one."""
        if self.idle is not None:
            self.idle.cancel()
        async with self._starting:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def _live(self) -> Connection:
        async with self._starting:
            if self._connection is not None and self._connection.alive:
                return self._connection
            if self._connection is not None:
                await self._connection.close()
                self._connection = None
            self._refuse_while_sulking()
            try:
                self._connection = await self._start()
            except McpError as error:
                self._failure = (error, asyncio.get_running_loop().time() + _SULK_SECONDS)
                raise
            return self._connection

    def _refuse_while_sulking(self) -> None:
        if self._failure is not None and asyncio.get_running_loop().time() < self._failure[1]:
            raise McpError(str(self._failure[0]), kind=self._failure[0].kind)
        self._failure = None

    async def _start(self) -> Connection:
        for pause in _BACKOFF:
            try:
                return await self._attempt()
            except McpError as error:
                if error.kind in _FINAL:
                    raise
                _log.warning("MCP server did not start", server=self.config.slug, kind=error.kind, retry_seconds=pause)
            await asyncio.sleep(pause)
        return await self._attempt()

    async def _attempt(self) -> Connection:
        connection = await Connection.open(self.config, self._workspace, self._limits)
        if self._listed is not None and _digests(self._listed) != _digests(connection.tools):
            await connection.close()
            raise McpError(
                f"{self.config.where} was started again and lists other tools than before; its tools stay closed in"
                " this run",
                kind="mcp_tools_changed",
            )
        self._listed = connection.tools
        return connection


class McpPool:
    """All servers of a process. Close it at the end: no process of a server outlives it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._servers: dict[tuple[str, str], PooledServer] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def lease(self, session_id: str, config: ServerConfig, workspace: Path) -> AsyncIterator[PooledServer]:
        """The server for a session, kept while the block runs and for the idle time after it."""
        key = (session_id, config.fingerprint)
        server = self._servers.get(key)
        if server is None:
            server = self._servers[key] = PooledServer(config, workspace, self._limits)
        if server.idle is not None:
            server.idle.cancel()
            server.idle = None
        server.leases += 1
        try:
            yield server
        finally:
            server.leases -= 1
            if server.leases == 0:
                loop = asyncio.get_running_loop()
                server.idle = loop.call_later(self._limits.idle, self._retire, key)

    async def close(self) -> None:
        """Close every server, whoever uses it."""
        servers, self._servers = list(self._servers.values()), {}
        await asyncio.gather(*(server.close() for server in servers), *self._closing)

    def _retire(self, key: tuple[str, str]) -> None:
        server = self._servers.get(key)
        if server is not None and server.leases == 0:
            del self._servers[key]
            task = asyncio.create_task(server.close(), name=f"mcp-closing-{server.config.slug}")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _digests(tools: tuple[RemoteTool, ...]) -> list[str]:
    return sorted(tool.digest for tool in tools)
