"""MCP servers for tests: published ones as they are installed, and one of our own whose faults can be chosen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from mcp_server_git.server import create_server

from agent_runner_testing.processes import free_port
from stigmer_agent_runner.mcp.config import HttpTarget, ServerConfig, StdioTarget

FAULTY = str(Path(__file__).parent / "faulty_mcp.py")

GIT_TOOLS = 12
"""Tools of the published server `mcp-server-git`."""


def program(name: str) -> str:
    """The installed console script of a published server."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found, f"{name} is not installed"
    return found


def stdio(slug: str, command: str, *args: str, **environment: str) -> ServerConfig:
    """How to reach a process. It may change what its arguments name, and what lies beside that."""
    write = tuple(str(Path(arg).parent) for arg in args if arg.startswith("/tmp/"))
    return ServerConfig(f"mcp-{slug}", slug, StdioTarget(command, args, "", environment, write=write))


def faulty(slug: str, *args: str, **environment: str) -> ServerConfig:
    """How to reach the server with chosen faults."""
    return stdio(slug, sys.executable, FAULTY, *args, **environment)


def http(slug: str, url: str, **headers: str) -> ServerConfig:
    """How to reach an endpoint."""
    return ServerConfig(f"mcp-{slug}", slug, HttpTarget(url, headers, 0.0, url))


def git_repository(folder: Path) -> Path:
    """A repository with one commit."""
    folder.mkdir(parents=True)
    (folder / "readme.txt").write_text("hello\n")
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in (("init", "-q", "-b", "main"), ("add", "."), (*identity, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@contextlib.asynccontextmanager
async def git_over_http(repository: Path, *, sse: bool = False) -> AsyncIterator[str]:
    """The published server of git behind HTTP on loopback; yields its URL."""
    server: Any = create_server(repository)
    async with _serving(server.sse_app() if sse else server.streamable_http_app()) as address:
        yield f"{address}/{'sse' if sse else 'mcp'}"


@contextlib.asynccontextmanager
async def held_over_http(gate: asyncio.Event) -> AsyncIterator[str]:
    """A server whose one tool, `look`, only reads and answers when the gate opens; yields its URL."""
    server: Any = MCPServer("held")

    async def look() -> str:
        """Look for something."""
        await gate.wait()
        return "nothing"

    server.tool(annotations=ToolAnnotations(read_only_hint=True))(look)
    async with _serving(server.streamable_http_app()) as address:
        yield f"{address}/mcp"


@contextlib.asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[str]:
    port = free_port()
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", ws="none"))
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, running, "should_exit", True)
        task = asyncio.create_task(running.serve())
        async with asyncio.timeout(30):
            await until(lambda: running.started)
        yield f"http://127.0.0.1:{port}"
    async with asyncio.timeout(30):
        await task


async def until(test: Callable[[], bool]) -> None:
    """Wait until a test of another process passes; the caller bounds it."""
    while True:
        if test():
            return
        await asyncio.sleep(0.02)  # between two looks at another process


def children() -> Iterator[psutil.Process]:
    """Living processes that this one has started, and theirs."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                yield child


def gone(processes: Iterable[psutil.Process]) -> bool:
    """Whether all of these have ended, wherever they may have been moved."""
    return all(not one.is_running() or one.status() == psutil.STATUS_ZOMBIE for one in processes)


def server_processes(*, launchers: bool = False) -> list[psutil.Process]:
    """Living processes of MCP servers, with their launchers when asked for."""
    found = []
    for child in children():
        with contextlib.suppress(psutil.NoSuchProcess):
            command = " ".join(child.cmdline())
            if "mcp" in command and not command.startswith("bwrap ") and (launchers or "launch.py" not in command):
                found.append(child)
    return found
