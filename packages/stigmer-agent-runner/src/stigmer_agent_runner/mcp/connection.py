"""The owner task of one connection: opens it, keeps it while it is used, and closes it in the task that opened it."""

from __future__ import annotations

import asyncio
import importlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from stigmer_agent_runner.mcp.config import HttpTarget, ServerConfig, StdioTarget
from stigmer_agent_runner.mcp.remote import Answer, McpError, McpLost, RemoteTool, ResourceTemplate, Tail
from stigmer_agent_runner.mcp.shelter import hint, shelter_for
from stigmer_api.sandbox import AUTO

if TYPE_CHECKING:
    from stigmer_agent_runner.mcp.client import Session

__all__ = ["Connection", "Limits"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a start (handshake and list of tools), for a call, and until an unused connection is closed.

    sandbox: value of `agent.sandbox`, for servers that are processes. home: the home of Stigmer; None: beside the
    workspace.
    """

    start: float = 30.0
    call: float = 120.0
    idle: float = 600.0
    sandbox: str = AUTO
    home: Path | None = None


class Connection:
    """One live connection; make it with `open`."""

    def __init__(self, config: ServerConfig, workspace: Path, limits: Limits) -> None:
        self.config = config
        self.tools: tuple[RemoteTool, ...] = ()
        self._workspace = workspace
        self._limits = limits
        self._closing = asyncio.Event()
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, config: ServerConfig, workspace: Path, limits: Limits) -> Connection:
        """Start or reach the server and list its tools. Raises McpError."""
        _require_command(config)
        connection = cls(config, workspace, limits)
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connection._task = asyncio.create_task(connection._own(ready), name=f"mcp-{config.slug}")
        try:
            await asyncio.shield(ready)
        except BaseException:
            await connection.close()
            raise
        return connection

    @property
    def alive(self) -> bool:
        """Whether calls can be made."""
        return self._session is not None and not self._session.lost.is_set() and not self._closing.is_set()

    async def call(self, tool: str, args: Mapping[str, Any]) -> Answer:
        """Call a tool. Raises McpError."""
        if self._session is None:
            raise McpLost(f"{self.config.where} is closed")
        target = self.config.target
        seconds = target.call_seconds if isinstance(target, HttpTarget) and target.call_seconds else self._limits.call
        return await self._session.call(tool, args, seconds)

    async def resource_templates(self) -> tuple[ResourceTemplate, ...]:
        """What the server lists of them. Raises McpError."""
        if self._session is None:
            raise McpLost(f"{self.config.where} is closed")
        return await self._session.resource_templates()

    async def close(self) -> None:
        """End the connection and wait until nothing of it is left."""
        self._closing.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _own(self, ready: asyncio.Future[None]) -> None:
        tail = Tail()
        client = await asyncio.to_thread(importlib.import_module, "stigmer_agent_runner.mcp.client")
        try:
            async with asyncio.timeout(self._limits.start) as starting:
                shelter = await asyncio.to_thread(shelter_for, self.config, self._workspace, self._limits)
                async with client.connected(self.config, shelter, tail) as session:
                    self.tools = await session.tools()
                    starting.reschedule(None)
                    self._session = session
                    ready.set_result(None)
                    _log.info("MCP server connected", server=self.config.slug, tools=len(self.tools))
                    await self._until_over(session)
        except TimeoutError as error:
            text = f"{self.config.where} was not ready in {self._limits.start:g} s{hint(self.config)}"
            text = tail.appended_to(text)
            _fail(ready, McpError(text, kind="mcp_start_timeout"), error)
        except McpError as error:
            _fail(ready, error, None)
        except Exception as error:  # noqa: BLE001 - the edge between the runner and whatever a server does
            _log.warning(
                "MCP connection broke", server=self.config.slug, error=_names_of(error)
            )  # no text: it may quote
            _fail(ready, McpError(f"{self.config.where} broke: {type(error).__name__}", kind="mcp_protocol"), error)
        finally:
            self._session = None
            if not ready.done():
                ready.cancel()
            _log.info("MCP server closed", server=self.config.slug)

    async def _until_over(self, session: Session) -> None:
        waits = [asyncio.create_task(self._closing.wait()), asyncio.create_task(session.lost.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


def _names_of(error: BaseException) -> str:
    """The classes of an error and of what is in it."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return " ".join([type(error).__name__, *map(_names_of, inner)])


def _fail(ready: asyncio.Future[None], error: McpError, cause: BaseException | None) -> None:
    if not ready.done():
        error.__cause__ = cause or error.__cause__
        ready.set_exception(error)


def _require_command(config: ServerConfig) -> None:
    target = config.target
    if not isinstance(target, StdioTarget):
        return
    path = target.environment.get("PATH")
    if shutil.which(target.command, path=path) is None:
        raise McpError(
            f"{config.where} cannot start: there is no program {target.command!r}; install it, or name it with its"
            " whole path in spec.stdio.command",
            kind="mcp_command_missing",
        )
