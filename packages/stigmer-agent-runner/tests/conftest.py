"""Fixtures: a home, an API server, a namespace of Temporal and runners of its own for every test."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for agent_runner_testing: tests are no package

from agent_runner_testing.api import TOKEN, ApiServer
from agent_runner_testing.postgres import postgres_server
from agent_runner_testing.processes import RunnerProcess, temporal_server
from agent_runner_testing.stack import Stack, connect

from stigmer_agent_runner.settings import Settings

_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take every setting of the developer's own environment away."""
    for field in Settings.model_fields.values():
        for name in getattr(field.validation_alias, "choices", ()):
            monkeypatch.delenv(str(name), raising=False)
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "VLLM_API_KEY", "STIGMER_SUPERVISED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STIGMER_HOME", str(tmp_path / "home"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a token."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "token").write_text(TOKEN + "\n")
    return folder


@pytest.fixture(scope="session")
def temporal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Temporal that all tests share, with a namespace for each."""
    namespaces = sum("stack" in getattr(item, "fixturenames", ()) for item in request.session.items)
    with temporal_server(tmp_path_factory.mktemp("temporal"), namespaces) as address:
        yield address


@pytest.fixture
async def api() -> AsyncIterator[ApiServer]:
    """An API server."""
    async with ApiServer() as server:
        yield server


@pytest.fixture
async def stack(api: ApiServer, temporal: str, home: Path) -> AsyncIterator[Stack]:
    """Everything around a runner, and a way to start runners in this process."""
    namespace = f"test-{next(_NUMBERS)}"
    client = await connect(temporal, namespace)
    running = Stack(api, client, home, temporal, namespace)
    yield running
    await running.stop_runners()


@pytest.fixture
def runner_process(stack: Stack, tmp_path: Path) -> Iterator[Callable[..., RunnerProcess]]:
    """Start the runner as a process; whatever happens, it is ended again."""
    started: list[RunnerProcess] = []

    def start(**environment: str) -> RunnerProcess:
        started.append(RunnerProcess({**stack.environment(), **environment}, tmp_path / f"runner-{len(started)}.log"))
        return started[-1]

    yield start
    for runner in started:
        if runner.process.poll() is None:
            runner.kill()


@pytest.fixture(autouse=True)
async def _no_task_left() -> AsyncIterator[None]:
    """Fail when a test leaves a task of ours behind."""
    yield
    names = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith(("engine-", "status-sink-"))]
    assert names == []


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[str]:
    """A Postgres server that all tests share; the folder of its socket."""
    with postgres_server() as folder:
        yield folder


@pytest.fixture
def postgres_url(postgres_socket: str) -> Iterator[str]:
    """The URL of an empty Postgres database, as the server's setting wants it."""
    name = f"agent{next(_NUMBERS)}"
    with psycopg.connect(f"host={postgres_socket} user=stigmer dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield f"postgresql+psycopg://stigmer@/{name}?host={postgres_socket}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
