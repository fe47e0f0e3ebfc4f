"""What commands cannot do, in each sandbox that this machine can have; the others are skipped with the reason."""

from __future__ import annotations

import asyncio
import os
import socket
import textwrap
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.sandbox.active import surroundings
from stigmer_agent_runner.sandbox.job import Finished, Job, Limits, ShellAccess
from stigmer_agent_runner.sandbox.output import HeadAndTail
from stigmer_agent_runner.sandbox.run import run_job
from stigmer_api.sandbox import AUTO, BUBBLEWRAP, LANDLOCK, NONE, UNSAFE, Choice, Finding, choose, probe

_FOUND = {found.kind: found for found in probe()}
_CHOICES = {kind: choose(kind, lambda: tuple(_FOUND.values())) for kind in (BUBBLEWRAP, LANDLOCK, UNSAFE)}
_MARKER = "STIGMER_SANDBOX_TEST"

Run = Callable[..., Coroutine[Any, Any, Finished]]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A session's workspace with a file of somebody else beside its session."""
    (tmp_path / "private.txt").write_text("private")
    folder = tmp_path / "session" / "workspace"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(params=[BUBBLEWRAP, LANDLOCK])
def sandbox(request: pytest.FixtureRequest) -> Choice:
    """Each sandbox that isolates."""
    found = _FOUND[request.param]
    if not found.usable:
        pytest.skip(f"no {found.kind} here: {found.detail}")
    return _CHOICES[request.param]


@pytest.fixture
def run(sandbox: Choice, workspace: Path) -> Run:
    """Run a command in it."""

    async def run(command: str, *, environment: dict[str, str] | None = None, **more: object) -> Finished:
        limits = Limits(seconds=20, processes=64)
        job = {"environment": environment or {}, "limits": limits, **more}
        return await run_job(sandbox, Job(textwrap.dedent(command), workspace, **job))  # type: ignore[arg-type]

    return run


async def test_a_command_works_in_the_workspace_and_its_files_stay(run: Run, workspace: Path) -> None:
    finished = await run("mkdir a && echo one > a/b && cat a/b; echo two >&2; exit 3")
    assert (finished.output, finished.code, finished.why) == ("one\ntwo\n", 3, "")
    assert (workspace / "a/b").read_text() == "one\n"
    assert _names(workspace.parent) == ["workspace"], "a scratch folder stayed"


async def test_files_outside_cannot_be_read_or_written(run: Run, workspace: Path) -> None:
    private = workspace.parents[1] / "private.txt"
    finished = await run(f"""
        cat {private}; cat /etc/shadow; cat {Path.home()}/.bashrc; ls {Path.home()}; ls {workspace.parents[1]}
        echo x > {private}; echo x > /etc/stigmer-test; echo x > /usr/stigmer-test; mkdir /stigmer-test
        ln {private} hard; echo x > ../outside; cat /proc/1/environ /proc/{os.getpid()}/environ; echo end
    """)
    assert "private\n" not in finished.output
    assert "root:" not in finished.output
    assert "PATH=" not in finished.output
    assert finished.output.endswith("end\n")
    assert private.read_text() == "private"
    assert _names(workspace) == []
    assert not any(map(os.path.exists, ("/etc/stigmer-test", "/usr/stigmer-test", "/stigmer-test")))


async def test_a_symbolic_link_leads_nowhere(run: Run, workspace: Path) -> None:
    private = workspace.parents[1] / "private.txt"
    (workspace / "planted").symlink_to(private)
    finished = await run(f"ln -s {private} made; cat planted made; echo x >> planted; ln -s /etc etc; cat etc/shadow")
    assert "private\n" not in finished.output
    assert "root:" not in finished.output
    assert private.read_text() == "private"


async def test_the_environment_holds_what_is_declared_and_nothing_else(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(_MARKER, "of the runner")
    finished = await run("env | cut -d= -f1 | sort | tr '\\n' ' '; echo $GIVEN", environment={"GIVEN": "a 'b' $c"})
    assert finished.output == "GIVEN HOME LANG PATH PWD SKILLS TMPDIR a 'b' $c\n"


async def test_a_variable_that_loads_code_does_not_reach_the_sandbox_itself(run: Run) -> None:
    finished = await run("echo alive", environment={"LD_PRELOAD": "./evil.so", "LD_AUDIT": "./evil.so"})
    assert "alive" in finished.output
    assert finished.code == 0


async def test_without_network_nothing_can_be_reached(run: Run, workspace: Path) -> None:
    service = socket.socket(socket.AF_UNIX)
    service.bind(str(workspace / "service.sock"))
    service.listen()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = ("127.0.0.1", listener.getsockname()[1])
        finished = await run(f"""
            python3 - <<'END'
            import ctypes, socket
            for family, kind, target in (
                (socket.AF_INET, socket.SOCK_STREAM, {address!r}),
                (socket.AF_INET6, socket.SOCK_STREAM, ("::1", {address[1]})),
                (socket.AF_UNIX, socket.SOCK_STREAM, {str(workspace.parent / "service.sock")!r}),
            ):
                try:
                    socket.socket(family, kind).connect(target)
                    print("reached", target)
                except OSError as error:
                    print("refused")
            print("io_uring", ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(120)) >= 0)
            END
        """)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    service.close()
    assert finished.output.count("refused") == 3, finished.output


async def test_with_network_the_internet_works_and_services_of_this_user_in_files_do_not(
    run: Run, workspace: Path
) -> None:
    outside = workspace.parent / "supervisor.sock"
    service = socket.socket(socket.AF_UNIX)
    service.bind(str(outside))
    service.listen()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        script = f"""
            python3 - <<'END'
            import socket
            socket.create_connection(("127.0.0.1", {listener.getsockname()[1]}), 5)
            try:
                socket.socket(socket.AF_UNIX).connect({str(outside)!r})
            except OSError:
                print("refused")
            END
        """
        finished = await run(script, network=True)
        listener.settimeout(5)
        listener.accept()[0].close()
    service.close()
    assert finished.output == "refused\n"


async def test_no_other_process_can_be_signalled(run: Run) -> None:
    finished = await run(f"kill -0 {os.getpid()} && echo signalled; kill -0 {os.getppid()} && echo signalled; echo end")
    assert "signalled" not in finished.output
    assert finished.output.endswith("end\n")


async def test_a_fork_bomb_is_ended(run: Run) -> None:
    # It would end by itself after five seconds, should the sandbox fail.
    finished = await run("""
        python3 - <<'END'
        import os, time
        end = time.time() + 5
        while time.time() < end:
            try:
                os.fork()
            except OSError:
                print("refused", flush=True)
                time.sleep(0.1)
        END
    """)
    assert finished.why == "processes" or "refused" in finished.output  # counted by us, or by the kernel


async def test_a_flood_of_output_is_ended_and_its_head_and_tail_are_kept(run: Run) -> None:
    limits = Limits(seconds=20, output_bytes=1_000_000, shown_chars=300)
    finished = await run("echo first; yes", limits=limits)
    assert finished.why == "output"
    assert finished.truncated
    assert finished.output.startswith("first\ny\n")
    assert len(finished.output) < 400
    assert "bytes are left out here" in finished.output


async def test_memory_and_files_are_limited(run: Run, workspace: Path) -> None:
    limits = Limits(seconds=20, memory_bytes=200 << 20, file_bytes=1 << 20)
    finished = await run("python3 -c 'bytearray(1 << 30)'; head -c 9999999 /dev/zero > big", limits=limits)
    assert "MemoryError" in finished.output
    assert (workspace / "big").stat().st_size <= 1 << 20


async def test_time_runs_out_and_nothing_of_the_command_stays(run: Run) -> None:
    finished = await run(
        "sleep 3601 & setsid sleep 3602 & (setsid sleep 3603 &); sleep 3604", limits=Limits(seconds=0.5)
    )
    assert finished.why == "time"
    assert _sleepers() == []


async def test_background_processes_end_with_their_command(run: Run) -> None:
    finished = await run("sleep 3601 & setsid sleep 3602 & (setsid sleep 3603 &); echo done")
    assert (finished.output, finished.why) == ("done\n", "")
    assert _sleepers() == []


async def test_cancelling_ends_the_command(run: Run, workspace: Path) -> None:
    running = asyncio.create_task(run("(setsid sleep 3601 &); touch started; sleep 3602"))
    async with asyncio.timeout(20):
        while not (workspace / "started").exists():  # noqa: ASYNC110 - a file of another process has no event
            await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert _sleepers() == []
    assert _names(workspace.parent) == ["workspace"]


async def test_skills_can_be_read_and_run_but_not_changed(run: Run, tmp_path: Path) -> None:
    skill = tmp_path / "skills-of-the-machine" / "abc"
    skill.mkdir(parents=True)
    (skill / "hello.sh").write_text("echo from the skill\n")
    finished = await run("sh $SKILLS/greet/hello.sh; echo x > $SKILLS/greet/new", skills={"greet": skill})
    assert finished.output.startswith("from the skill\n")
    assert _names(skill) == ["hello.sh"]


async def test_without_a_sandbox_nothing_runs(workspace: Path) -> None:
    refused = choose(AUTO, lambda: (Finding(BUBBLEWRAP, usable=False, detail="bwrap is not installed"),))
    assert refused.kind == NONE
    with pytest.raises(ToolError, match=r"there is no shell.*bwrap is not installed"):
        await run_job(refused, Job("touch ran", workspace))
    assert not (workspace / "ran").exists()


async def test_unsafe_has_the_same_limits_and_environment(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_MARKER, "of the runner")
    finished = await run_job(
        _CHOICES[UNSAFE], Job("env; (setsid sleep 3601 &) ; sleep 3602", workspace, limits=Limits(0.5))
    )
    assert finished.why == "time"
    assert _MARKER not in finished.output
    assert _sleepers() == []


def test_a_weaker_sandbox_than_asked_for_is_never_taken() -> None:
    landlock = Finding(LANDLOCK, usable=True, detail="ABI 7")
    missing = Finding(BUBBLEWRAP, usable=False, detail="not installed")
    assert choose(BUBBLEWRAP, lambda: (missing, landlock)).kind == NONE
    assert choose(AUTO, lambda: (missing, landlock)).kind == LANDLOCK
    assert choose(UNSAFE, lambda: (missing, landlock)).kind == UNSAFE


def test_the_prompt_tells_of_the_sandbox_that_is_there() -> None:
    access = ShellAccess(variables={"TOKEN": "do not tell"})
    told = {kind: surroundings(Choice(kind, ""), access) for kind in (BUBBLEWRAP, LANDLOCK, UNSAFE, NONE)}
    assert "in a sandbox" in told[BUBBLEWRAP]
    assert "no network" in told[BUBBLEWRAP]
    assert "TOKEN" in told[BUBBLEWRAP]
    assert "$TMPDIR" in told[LANDLOCK]
    assert "WITHOUT a sandbox" in told[UNSAFE]
    assert "no shell" in told[NONE]
    assert not any("do not tell" in text for text in told.values())


@pytest.mark.parametrize(("written", "kept"), [("short", ("short", False)), ("ä" * 20, ("ä" * 20, False))])
def test_short_outputs_are_kept_whole(written: str, kept: tuple[str, bool]) -> None:
    output = HeadAndTail(20)
    output.add(written.encode())
    assert output.text() == kept


def test_long_outputs_lose_their_middle() -> None:
    output = HeadAndTail(30)
    for number in range(10_000):
        output.add(f"{number:05d}\n".encode())
    text, truncated = output.text()
    assert truncated
    assert text.startswith("00000\n00001\n00002\n")
    assert text.endswith("\n09999\n")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _sleepers() -> list[str]:
    """Command lines of the sleeps of these tests that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if line.startswith("sleep 360"):
                found.append(line)
    return found
