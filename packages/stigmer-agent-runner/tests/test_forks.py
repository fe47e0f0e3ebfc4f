"""Sessions that begin as a copy of another one: conversation, files, and nothing that is done twice."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from agent_runner_testing.api import ApiServer
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.player import Player
from agent_runner_testing.stack import Stack

from stigmer_agent_runner.checkpoints.marks import Marks
from stigmer_agent_runner.checkpoints.opening import session_store
from stigmer_agent_runner.engine.protocol import Completed, Control, Segment, StopReason
from stigmer_agent_runner.engine.providers import PROVIDERS, ModelChoice
from stigmer_agent_runner.errors import ResolveError
from stigmer_agent_runner.events import Notice
from stigmer_agent_runner.forking import Fork, copied, note_end
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.settings import load_settings
from stigmer_agent_runner.tools.guard import OUTSIDE
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2


class World:
    """Two sessions of one home over one store; a model that tells what it has read."""

    def __init__(self, home: Path, model: ModelServer, database_url: str) -> None:
        self.store = session_store(load_settings(home=home, database_url=database_url))
        self.home = home
        self.player = Player(home, model)
        self.model = model
        self.told: list[Any] = []

    def paths(self, session: str) -> SessionPaths:
        """The folders of a session."""
        found = SessionPaths.of(self.home, session)
        found.prepare()
        return found

    async def turn(self, session: str, execution: str, message: str) -> Completed:
        """One whole turn, and what a segment notes at its end."""
        paths = self.paths(session)
        async with self.store.open(session, paths, Control()) as held:
            assert held is not None
            self.player.more = {"store": held, "session_id": session, "execution_id": execution, "paths": paths}
            outcome = await self.player.play(message)
            assert isinstance(outcome, Completed)
            await note_end(Marks(held, session), execution, outcome.at)
        return outcome

    async def fork(self, session: str, of: str, at: str, control: Control | None = None) -> bool:
        """Make a session a copy."""
        paths = self.paths(session)
        async with self.store.open(session, paths, Control()) as held:
            choice = ModelChoice(PROVIDERS["ollama"], "qwen3", self.model.base_url)
            segment = Segment("aex-x", session, "a", "", "", choice, paths, store=held)
            return await copied(Fork(of, at), segment, self.store, self.told.append, control or Control())

    def said(self) -> list[str]:
        """The user messages of the last request."""
        return [item["content"] for item in self.model.requests[-1]["messages"] if item["role"] == "user"]


@pytest.fixture(params=["local", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both places where sessions remember."""
    return "local" if request.param == "local" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> Any:
    """A session with two finished turns; the first called a tool."""
    async with ModelServer() as model:
        model.script = {"one": [Turn("", (("note", {"note": "a"}),)), Turn("ok")]}
        found = World(tmp_path, model, database_url)
        await found.store.ready()
        await found.turn("ses-1", "aex-1", "one")
        await found.turn("ses-1", "aex-2", "two")
        yield found


async def test_a_fork_begins_with_the_conversation_as_of_its_turn_and_both_go_on(world: World) -> None:
    assert await world.fork("ses-2", "ses-1", "aex-1")
    await world.turn("ses-2", "aex-3", "instead")
    assert world.said() == ["one", "instead"]
    await world.turn("ses-1", "aex-4", "three")
    assert world.said() == ["one", "two", "three"]
    assert await world.fork("ses-2", "ses-1", "aex-1")  # again, as a segment after a crash does
    await world.turn("ses-2", "aex-5", "more")
    assert world.said() == ["one", "instead", "more"]
    assert world.player.notes.lines == ["a"]


async def test_a_fork_of_a_fork_has_both_their_pasts(world: World) -> None:
    assert await world.fork("ses-2", "ses-1", "aex-2")
    await world.turn("ses-2", "aex-3", "instead")
    assert await world.fork("ses-3", "ses-2", "aex-3")
    await world.turn("ses-3", "aex-4", "last")
    assert world.said() == ["one", "two", "instead", "last"]


async def test_files_and_what_was_read_from_outside_come_along(world: World, tmp_path: Path) -> None:
    theirs = world.paths("ses-1").workspace
    (theirs / "deep").mkdir()
    (theirs / "deep" / "run.sh").write_text("echo")
    (theirs / "deep" / "run.sh").chmod(0o755)
    (tmp_path / "outside.txt").write_text("private")
    (theirs / "link").symlink_to(tmp_path / "outside.txt")
    os.mkfifo(theirs / "pipe")
    async with world.store.open("ses-1", world.paths("ses-1"), Control()) as held:
        assert held is not None
        await Marks(held, "ses-1").put(OUTSIDE, "fetch")
    assert await world.fork("ses-2", "ses-1", "aex-1")
    ours = world.paths("ses-2").workspace
    assert sorted(path.name for path in ours.iterdir()) == ["deep", "link"]
    assert (ours / "deep" / "run.sh").stat().st_mode & 0o777 == 0o700
    assert (ours / "link").is_symlink()
    (ours / "deep" / "run.sh").write_text("changed")
    assert (theirs / "deep" / "run.sh").read_text() == "echo"
    async with world.store.open("ses-2", world.paths("ses-2"), Control()) as held:
        assert held is not None
        assert await Marks(held, "ses-2").get(OUTSIDE) == "fetch"
    [notice] = world.told
    assert "Session ses-1 has gone on since" in notice.text


async def test_a_turn_that_nobody_knows_is_named(world: World) -> None:
    with pytest.raises(ResolveError, match="does not know the turn aex-9 of session ses-1"):
        await world.fork("ses-2", "ses-1", "aex-9")


async def test_a_fork_waits_for_the_turn_that_is_under_way(world: World) -> None:
    async with world.store.open("ses-1", world.paths("ses-1"), Control()):
        stopping = Control()
        stopping.request(StopReason.SLICE)
        assert not await world.fork("ses-2", "ses-1", "aex-2", stopping)
        waiting = asyncio.create_task(world.fork("ses-2", "ses-1", "aex-2"))
        await asyncio.sleep(0)
        assert not waiting.done()
    async with asyncio.timeout(20):
        assert await waiting
    assert not any(isinstance(event, Notice) for event in world.told)


# -- through the whole runner

SCRIPT = """
version: 1
cases:
  - on: {user_contains: read}
    turns:
      - call: [{tool: read_file, args: {path: a.txt}}]
      - say: "It says {{tool.read_file}}."
  - turns:
      - call: [{tool: write_file, args: {path: a.txt, content: "{{user}}"}}]
      - say: "Written."
"""


async def test_a_forked_session_of_a_scripted_agent_has_its_files(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    instance = api.add_agent(model="scripted", script=SCRIPT)
    session = api.add_session(instance)
    first = await stack.run(session, "first")
    fork = api.add_session(instance, fork_of_session_id=session, fork_at_execution_id=first.metadata.id)
    read = await stack.run(fork, "read it")
    assert (read.status.phase, read.status.error) == (enum_pb2.EXECUTION_COMPLETED, "")
    assert read.status.messages[-1].content == "It says first."
    await stack.run(fork, "second")
    assert (await stack.run(session, "read it")).status.messages[-1].content == "It says first."
    lost = api.add_session(instance, fork_of_session_id=session, fork_at_execution_id="aex-unknown")
    assert "does not know the turn aex-unknown" in (await stack.run(lost, "read it")).status.error
