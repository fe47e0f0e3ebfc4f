"""The MCP servers of an agent as a source of tools: leased, held against their pins, named, and given their traits."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stigmer_agent_runner.engine.protocol import Notice
from stigmer_agent_runner.errors import ResolveError, ToolError
from stigmer_agent_runner.mcp.naming import names_of
from stigmer_agent_runner.mcp.pins import PinCheck, check_pins
from stigmer_agent_runner.mcp.policy import is_idempotent, traits_of
from stigmer_agent_runner.mcp.remote import McpError, RemoteTool
from stigmer_agent_runner.tools.access import McpTool
from stigmer_agent_runner.tools.tool import BUILTIN, Tool

if TYPE_CHECKING:
    from stigmer_agent_runner.abilities import ServerUse
    from stigmer_agent_runner.engine.protocol import Emit, Segment
    from stigmer_agent_runner.mcp.pool import McpPool, PooledServer
    from stigmer_agent_runner.tools.tool import Invocation

__all__ = ["McpSource", "Quarantine", "quarantined"]

Quarantine = Callable[["ServerUse", Sequence[str]], Awaitable[None]]
"""(use, names of changed tools): has the server closed for everybody."""


class McpSource:
    """A ToolSource over one pool."""

    def __init__(self, pool: McpPool, quarantine: Quarantine, reserved: Sequence[str] = ()) -> None:
        self._pool = pool
        self._quarantine = quarantine
        self._reserved = (*BUILTIN, *reserved)

    @contextlib.asynccontextmanager
    async def open(self, segment: Segment, emit: Emit) -> AsyncIterator[Sequence[Tool]]:
        """Lease the servers and yield their tools.

        Raises ResolveError: a server does not start, is quarantined now, or has not the tools that the agent names.
        """
        uses = segment.abilities.servers
        if not uses:
            yield ()
            return
        async with contextlib.AsyncExitStack() as stack:
            leases = [
                await stack.enter_async_context(
                    self._pool.lease(segment.session_id, use.config, segment.paths.workspace)
                )
                for use in uses
            ]
            listed = await _listed(uses, leases)
            for one in listed:
                await self._refuse_changed(one)
                for notice in _notices(one):
                    emit(notice)
            yield self._tools(listed)

    def _tools(self, listed: Sequence[_Listed]) -> list[Tool]:
        chosen = [(one, tool) for one in listed for tool in _chosen(one)]
        names = names_of([(one.use.config.slug, tool.name) for one, tool in chosen], self._reserved)
        return [_tool(one, tool, names[one.use.config.slug, tool.name]) for one, tool in chosen]

    async def _refuse_changed(self, one: _Listed) -> None:
        if not one.check.changed:
            return
        config = one.use.config
        await self._quarantine(one.use, one.check.changed)
        raise quarantined(config.slug, one.check.changed)


def quarantined(slug: str, changed: Sequence[str]) -> ResolveError:
    """The error about a server whose tools changed."""
    return ResolveError(
        f"MCP server {slug!r} is quarantined: {', '.join(changed)} changed since it was connected. Look at what it"
        f" offers now and, when you agree, connect it again: stigmer-ctl mcp connect {slug}",
        kind="mcp_tools_changed",
    )


@dataclass(frozen=True, slots=True)
class _Listed:
    """A server with what it lists now."""

    use: ServerUse
    server: PooledServer
    tools: Mapping[str, RemoteTool]
    check: PinCheck


async def _listed(uses: Sequence[ServerUse], servers: Sequence[PooledServer]) -> list[_Listed]:
    try:
        found = await asyncio.gather(*(server.tools() for server in servers))
    except McpError as error:
        raise ResolveError(str(error), kind=error.kind) from error
    return [
        _Listed(use, server, {tool.name: tool for tool in tools}, check_pins(use.pins, tools))
        for use, server, tools in zip(uses, servers, found, strict=True)
    ]


def _chosen(one: _Listed) -> tuple[RemoteTool, ...]:
    """The tools that the agent gets. Raises ResolveError for names that the server does not have."""
    slug, use, there = one.use.config.slug, one.use, one.tools
    for name in (*use.enabled, *(item.tool_name for item in use.overrides)):
        if name not in there:
            near = difflib.get_close_matches(name, there, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(sorted(there)) or 'none'}"
            raise ResolveError(f"MCP server {slug!r} has no tool {name!r}; {hint}", kind="mcp_tool_unknown")
        if name in one.check.added and name in use.enabled:
            raise ResolveError(
                f"the tool {name!r} of MCP server {slug!r} is new since it was connected; look at it and connect the"
                f" server again: stigmer-ctl mcp connect {slug}",
                kind="mcp_tools_changed",
            )
    wanted = use.enabled or tuple(name for name in there if name not in one.check.added)
    return tuple(there[name] for name in dict.fromkeys(wanted))


def _tool(one: _Listed, tool: RemoteTool, name: str) -> McpTool:
    server = one.server
    repeatable = is_idempotent(tool.annotations)

    async def run(invocation: Invocation) -> str:
        try:
            answer = await server.call(tool.name, invocation.args, repeatable=repeatable)
        except McpError as error:
            raise ToolError(str(error)) from error
        if answer.failed:
            raise ToolError(answer.text)
        return answer.text

    return McpTool(
        name=name,
        description=tool.description,
        parameters=tool.schema,
        run=run,
        traits=traits_of(one.use, tool),
        remote_name=tool.name,
    )


def _notices(one: _Listed) -> list[Notice]:
    slug = one.use.config.slug
    if not one.check.pinned:
        text = (
            f"The tools of MCP server {slug!r} are not pinned: nobody would notice when they change."
            f" Pin them: stigmer-ctl mcp connect {slug}"
        )
        return [Notice(f"mcp-{slug}-pins", text)]
    if one.check.added:
        text = (
            f"MCP server {slug!r} has new tools, which are left out: {', '.join(one.check.added)}."
            f" To use them: stigmer-ctl mcp connect {slug}"
        )
        return [Notice(f"mcp-{slug}-pins", text)]
    return []
