"""Two machines, one Postgres: a runner that dies leaves a conversation that another one goes on with."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from agent_runner_testing import noting_runner_path
from agent_runner_testing.api import ApiServer
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.processes import RunnerProcess
from agent_runner_testing.stack import Stack
from agent_runner_testing.tools import SAYS, Notebook

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

SECRET = "planted-7f3a9c"
TOKEN = {"TOKEN": {"is_secret": True, "optional": True}}
NOTES = [("note", "one"), ("safe", "two"), ("note", "three")]


def _script() -> str:
    calls = "\n".join(f"      - call: [{{tool: {tool}, args: {{note: {note}}}}}]" for tool, note in NOTES)
    return f"version: 1\ncases:\n  - turns:\n{calls}\n      - say: All is noted.\n"


@pytest.fixture
def machine(stack: Stack, tmp_path: Path, postgres_url: str) -> Iterator[Callable[..., RunnerProcess]]:
    """Start a runner in a home of its own, as on a machine of its own; whatever happens, it is ended again."""
    started: list[RunnerProcess] = []

    def start(model: ModelServer, death: str = "") -> RunnerProcess:
        count = len(started) + 1
        home = tmp_path / f"machine-{count}"
        home.mkdir(mode=0o700)
        shutil.copy(stack.home / "token", home / "token")
        (home / "plan").write_text(death)
        more = {"STIGMER_HOME": str(home), "STIGMER_DATABASE_URL": postgres_url, SAYS: f" {SECRET}"}
        environment = stack.environment() | {"STIGMER_LLM_BASE_URL": model.base_url} | more
        program = (noting_runner_path(), _notes(tmp_path), str(home))
        started.append(RunnerProcess(environment, tmp_path / f"machine-{count}.log", program))
        return started[-1]

    yield start
    for runner in started:
        if runner.process.poll() is None:
            runner.kill()


def _notes(folder: Path) -> str:
    return str(folder / "notes.log")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("engine", ["scripted", "ollama:qwen3"])
async def test_another_machine_goes_on_with_a_session_whose_runner_was_killed(
    stack: Stack, api: ApiServer, machine: Callable[..., RunnerProcess], tmp_path: Path, postgres_url: str, engine: str
) -> None:
    async with ModelServer() as model:
        turns = [Turn(calls=((tool, {"note": note}),)) for tool, note in NOTES]
        model.script = {"go": [*turns, Turn("All is noted.")], "and now": [Turn("Still here.")]}
        session = api.add_session(api.add_agent(model=engine, script=_script(), env=TOKEN))
        execution = api.add_execution(session, "go")
        api.set_variables(execution, {"TOKEN": SECRET}, secret=True)
        first = machine(model, "runner@after-checkpoint:2")
        await stack.start(execution)
        await first.died()
        machine(model)
        done = await api.finished(execution)
        assert (done.status.phase, done.status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
        told = {message.content for message in done.status.messages if message.type == enum_pb2.MESSAGE_TOOL}
        assert {text.rpartition(" ")[2] for text in told} == {"[secret:TOKEN]"}
        assert Notebook(Path(_notes(tmp_path))).lines == [note for _, note in NOTES]
        assert any("its files lie with another agent runner" in message.content for message in done.status.messages)
        if engine != "scripted":
            assert (await stack.run(session, "and now")).status.error == ""
            said = [item["content"] for item in model.requests[-1]["messages"] if item["role"] == "user"]
            assert said == ["go", "and now"]
    assert _places_of("[secret:TOKEN]", postgres_url)
    assert not _places_of(SECRET, postgres_url)
    for number in (1, 2):
        assert not list((tmp_path / f"machine-{number}").rglob("checkpoints.db*"))


def _places_of(secret: str, url: str) -> list[str]:
    """The tables of the checkpoints that hold a secret, plain or in base64."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        tables = connection.execute(b"SELECT tablename FROM pg_tables WHERE schemaname = 'stigmer_agent'").fetchall()
        assert len(tables) >= 8
        found = []
        for (table,) in tables:
            rows = connection.execute(f"SELECT * FROM stigmer_agent.{table}".encode()).fetchall()
            dump = b"".join(
                bytes(cell) if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row
            )
            found += [table for form in (secret.encode(), base64.b64encode(secret.encode())) if form in dump]
    return found
