"""What an MCP server that is a process can do: what its resource declares, in each sandbox of this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from agent_runner_testing.mcp_servers import FAULTY

from stigmer_agent_runner.mcp.config import ServerConfig, StdioTarget
from stigmer_agent_runner.mcp.connection import Connection, Limits
from stigmer_agent_runner.mcp.remote import McpError
from stigmer_agent_runner.mcp.shelter import shelter_for
from stigmer_agent_runner.sandbox import active
from stigmer_agent_runner.sandbox.program import Program, confinement
from stigmer_api.sandbox import BUBBLEWRAP, LANDLOCK, NONE, UNSAFE, Choice, probe

_FOUND = {found.kind: found for found in probe()}
Ask = Callable[[str], Any]
Open = Callable[..., AbstractAsyncContextManager[Ask]]


@pytest.fixture(params=[BUBBLEWRAP, LANDLOCK])
def kind(request: pytest.FixtureRequest) -> str:
    """Each sandbox that isolates."""
    found = _FOUND[request.param]
    if not found.usable:
        pytest.skip(f"no {found.kind} here: {found.detail}")
    return str(request.param)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The workspace of a session, and a file that is nobody's business."""
    (tmp_path / "private.txt").write_text("private")
    folder = tmp_path / "home" / "data" / "sessions" / "ses-1" / "workspace"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("of the session")
    return folder


@pytest.fixture
def server(workspace: Path, tmp_path: Path, kind: str) -> Open:
    """Start a server that evaluates expressions; yields what asks it."""

    @contextlib.asynccontextmanager
    async def opened(**declared: Any) -> AsyncIterator[Ask]:
        target = StdioTarget(sys.executable, (FAULTY,), "", {"FAULTY_TOOLS": "python", **declared.pop("env", {})})
        config = ServerConfig("mcp-1", "probe", dataclasses.replace(target, **declared))
        connection = await Connection.open(config, workspace, Limits(60.0, 60.0, 60.0, kind, tmp_path / "home"))

        async def ask(expression: str) -> str:
            return (await connection.call("python", {"text": expression})).text

        try:
            yield ask
        finally:
            await connection.close()

    return opened


async def test_a_server_sees_its_program_and_the_workspace_and_nothing_of_the_user(
    server: Open, workspace: Path, tmp_path: Path
) -> None:
    async with server() as ask:
        assert await ask("Path('a.txt').read_text()") == "of the session"
        assert await ask("Path('b.txt').write_text('new')") == "3"
        assert (workspace / "b.txt").read_text() == "new"
        for path in (tmp_path / "private.txt", Path.home() / ".bashrc", Path("/etc/shadow")):
            assert "Error" in await ask(f"Path({str(path)!r}).read_text()")
        made = (tmp_path / "made", Path("/etc/made"), Path.home() / "made", workspace.parent / "x")
        before = _content(FAULTY)
        for path in (*made, Path(FAULTY)):
            await ask(f"Path({str(path)!r}).write_text('x')")  # may seem to work, in a folder of the sandbox's own
        assert _existing(made) == []
        assert _content(FAULTY) == before
        assert "private.txt" not in await ask(f"os.listdir({str(tmp_path)!r})")
        assert "Error" in await ask(f"Path('/proc/{os.getpid()}/environ').read_bytes()")
    assert _names(workspace) == ["a.txt", "b.txt"]


def _content(path: str) -> bytes:
    return Path(path).read_bytes()


def _existing(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.exists()]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_symbolic_link_of_the_workspace_leads_nowhere(server: Open, workspace: Path, tmp_path: Path) -> None:
    (workspace / "link").symlink_to(tmp_path / "private.txt")
    async with server() as ask:
        assert "Error" in await ask("Path('link').read_text()")
        await ask("Path('link').write_text('x')")
    assert (tmp_path / "private.txt").read_text() == "private"


@pytest.mark.parametrize(("access", "reads"), [("read", True), ("none", False)])
async def test_the_workspace_is_as_open_as_declared(server: Open, workspace: Path, access: str, reads: bool) -> None:
    async with server(access=access) as ask:
        found = await ask(f"Path({str(workspace / 'a.txt')!r}).read_text()")
        assert (found == "of the session") is reads
        assert "Error" in await ask(f"Path({str(workspace / 'a.txt')!r}).write_text('x')")
        assert await ask("Path(os.environ['HOME'], 'cache').write_text('kept')") == "4"
    async with server(access=access) as ask:
        assert await ask("Path(os.environ['HOME'], 'cache').read_text()") == "kept"


async def test_declared_paths_are_open_and_their_neighbours_are_not(server: Open, tmp_path: Path) -> None:
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text(name)
    async with server(read=(str(tmp_path / "read"),), write=(str(tmp_path / "write"),)) as ask:
        paths = {name: repr(str(tmp_path / name / "f")) for name in ("read", "write", "other")}
        assert [await ask(f"Path({paths[name]}).read_text()") for name in ("read", "write")] == ["read", "write"]
        assert "Error" in await ask(f"Path({paths['other']}).read_text()")
        assert "Error" in await ask(f"Path({paths['read']}).write_text('x')")
        assert await ask(f"Path({paths['write']}).write_text('changed')") == "7"


async def test_the_network_is_reached_only_when_it_is_declared(server: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        datagrams.setblocking(False)
        connect = f"socket.create_connection({listener.getsockname()!r}, 5).getpeername()[0]"
        async with server() as ask:
            assert "Error" in await ask(connect)
            await ask(f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', {datagrams.getsockname()!r})")
            with pytest.raises(BlockingIOError):
                datagrams.recv(1)
        async with server(network=True) as ask:
            assert await ask(connect) == "127.0.0.1"


async def test_the_environment_is_the_declared_one(server: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGMER_TOKEN_OF_TESTS", "of the runner")
    async with server(env={"GIVEN": "a 'b' $c"}) as ask:
        usual = "{'LC_CTYPE', 'LOGNAME', 'PWD', 'SHELL', 'TERM', 'USER'}"
        assert (
            await ask(f"' '.join(sorted(set(os.environ) - {usual}))")
            == "FAULTY_TOOLS GIT_CONFIG_NOSYSTEM GIVEN HOME PATH TMPDIR"
        )
        assert await ask("os.environ['GIVEN']") == "a 'b' $c"


async def test_what_a_server_started_ends_with_it(server: Open, tmp_path: Path, workspace: Path) -> None:
    start = "subprocess.Popen(['/bin/sh', '-c', 'sleep 3600'], start_new_session=True, close_fds=True).pid"
    async with server() as ask:
        assert (await ask(start)).isdigit()
        assert _sleepers(workspace)
    assert not _sleepers(workspace)


def _sleepers(workspace: Path) -> list[str]:
    """Living processes below us that sleep in the workspace."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").resolve() == workspace and b"sleep" in (process / "cmdline").read_bytes():
                found.append(process.name)
    return found


def test_without_a_sandbox_a_server_does_not_start(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active, "choose", lambda _: Choice(NONE, "nothing works here"))
    monkeypatch.setattr(active, "_found", {})
    config = ServerConfig("mcp-1", "probe", StdioTarget(sys.executable, (), "", {}))
    with pytest.raises(McpError, match=r"nothing works here.*set agent\.sandbox: unsafe") as raised:
        shelter_for(config, workspace, Limits())
    assert raised.value.kind == "mcp_no_sandbox"


async def test_unsafe_is_chosen_and_confines_nothing(workspace: Path, tmp_path: Path) -> None:
    target = StdioTarget(sys.executable, (FAULTY,), "", {"FAULTY_TOOLS": "python"})
    limits = Limits(60.0, 60.0, 60.0, UNSAFE, tmp_path / "home")
    connection = await Connection.open(ServerConfig("mcp-1", "probe", target), workspace, limits)
    found = await connection.call("python", {"text": f"Path({str(tmp_path / 'private.txt')!r}).read_text()"})
    await connection.close()
    assert found.text == "private"


def test_a_program_in_a_home_opens_neither_the_home_nor_its_neighbours(tmp_path: Path) -> None:
    home = tmp_path / "user"
    (home / ".local" / "bin").mkdir(parents=True)
    (home / "bin").mkdir()
    tool, own = home / ".local" / "bin" / "tool", home / "bin" / "own"
    for path in (tool, own):
        path.write_text("#!/bin/sh\n")
    for path, opened in ((tool, [str(tool), str(home / ".local" / "lib")]), (own, [str(own)])):
        program = Program(str(path), (), tmp_path / "h", tmp_path)
        read = confinement(Choice(LANDLOCK, ""), program, home)["read"]
        assert [item for item in read if item.startswith(str(home))] == opened
