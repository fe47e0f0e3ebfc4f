"""Where sessions remember: the same promises by a file for each and by one Postgres for all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from agent_runner_testing.model import ModelServer, Turn
from agent_runner_testing.player import Player

from stigmer_agent_runner.approvals.policy import Action, Decision
from stigmer_agent_runner.checkpoints.marks import Marks
from stigmer_agent_runner.checkpoints.opening import session_store
from stigmer_agent_runner.checkpoints.protocol import Checkpoints, SessionStore
from stigmer_agent_runner.checkpoints.whereabouts import notice_of_files
from stigmer_agent_runner.engine import protocol as events
from stigmer_agent_runner.engine.ledger import CallState, Entry, Ledger
from stigmer_agent_runner.engine.limits import Limits, Spending
from stigmer_agent_runner.engine.protocol import Completed, Control, StopReason, Usage
from stigmer_agent_runner.engine.scripted.transcript import SavedCall, SavedResult, SavedTurn, Transcript
from stigmer_agent_runner.errors import CheckpointsAway, SettingsError
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.settings import load_settings
from stigmer_agent_runner.tools.guard import Outside

DONE = Completed("ok ")
YES = Decision(Action.APPROVE, "ada", "2026-01-01T00:00:00Z")


class Machine:
    """A runner's place for sessions, in a home of its own."""

    def __init__(self, home: Path, database_url: str) -> None:
        self.home = home
        self.store: SessionStore = session_store(load_settings(home=home, database_url=database_url))

    def paths(self, session: str = "ses-1") -> SessionPaths:
        """The folders of a session here."""
        found = SessionPaths.of(self.home, session)
        found.prepare()
        return found

    def hold(self, control: Control | None = None, session: str = "ses-1") -> Any:
        """Hold a session."""
        return self.store.open(session, self.paths(session), control or Control())


@pytest.fixture(params=["local", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both places."""
    return "local" if request.param == "local" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def machine(tmp_path: Path, database_url: str) -> Machine:
    """A place whose tables are made."""
    found = Machine(tmp_path / "one", database_url)
    await asyncio.gather(found.store.ready(), found.store.ready(), found.store.ready())
    return found


@pytest.fixture
async def checkpoints(machine: Machine) -> AsyncIterator[Checkpoints]:
    """What a session remembers."""
    async with machine.hold() as found:
        yield found


async def test_the_ledger_knows_how_far_a_call_got(checkpoints: Checkpoints) -> None:
    ledger = Ledger(checkpoints, "aex-1")
    assert await ledger.find("c1") is None
    await ledger.start("c1", "pay")
    await ledger.start("c1", "pay")
    assert await ledger.find("c1") == Entry(CallState.STARTED, 2)
    await ledger.done("c1", 'paid 5 % or "?" of it \x00', failed=True)
    assert await ledger.find("c1") == Entry(CallState.DONE, 2, 'paid 5 % or "?" of it \x00', failed=True)
    assert await Ledger(checkpoints, "aex-2").find("c1") is None


async def test_what_was_spent_is_added_up_and_a_repeated_call_counts_once(checkpoints: Checkpoints) -> None:
    limits = Limits(tokens=5_000_000_000, cost=5.0, seconds=3600)
    for _ in range(2):
        await Spending(checkpoints, "aex-1", limits).note("", 0, Usage(4_000_000_000, 1, cost=0.125))
    assert await Spending(checkpoints, "aex-1", limits).reached(0) == ""
    await Spending(checkpoints, "aex-1", limits).note("helper/c1", 0, Usage(1_000_000_000, 0, cost=0.125))
    reached = await Spending(checkpoints, "aex-1", limits).reached(0)
    assert reached == "5000000000 tokens (max_total_tokens; used: 5000000001)"
    cost = Spending(checkpoints, "aex-1", Limits(cost=0.25))
    assert await cost.reached(0) == "0.25 US dollars (max_cost_usd; spent: 0.2500)"


async def test_a_transcript_keeps_its_order_and_says_everything_once(checkpoints: Checkpoints) -> None:
    transcript = Transcript(checkpoints, "aex-1")
    assert (await transcript.open("go")).turns == []
    first = SavedTurn("one ü \x00", (SavedCall("c1", "ls", {"path": "/"}),), (3, 4))
    for _ in range(2):
        await transcript.save_turn(0, first)
        await transcript.save_result("c1", SavedResult("empty", "failed"))
    await transcript.save_turn(1, SavedTurn("two"))
    progress = await Transcript(checkpoints, "aex-1").open("go")
    assert progress.turns == [first, SavedTurn("two")]
    assert progress.results == {"c1": SavedResult("empty", "failed")}
    assert (await Transcript(checkpoints, "aex-2").open("go")).turns == []


async def test_marks_are_of_one_session(checkpoints: Checkpoints) -> None:
    marks = Marks(checkpoints, "ses-1")
    assert await marks.get("a") == ""
    await marks.put("a", "1")
    await marks.put("a", "2")
    await marks.put_first("a", "3")
    assert (await marks.get("a"), await Marks(checkpoints, "ses-2").get("a")) == ("2", "")


async def test_one_run_at_a_time_holds_a_session(machine: Machine, tmp_path: Path, database_url: str) -> None:
    same_place = machine if database_url == "local" else Machine(tmp_path / "two", database_url)
    taken = asyncio.Event()

    async def take() -> None:
        async with same_place.hold() as found:
            assert found is not None
            taken.set()

    async with machine.hold() as held, machine.hold(session="ses-2") as other:
        assert held is not None
        assert other is not None
        stopping = Control()
        stopping.request(StopReason.SLICE)
        async with same_place.hold(stopping) as refused:
            assert refused is None
        waiting = asyncio.create_task(take())
        await asyncio.sleep(0)
        assert not taken.is_set()
    async with asyncio.timeout(20):
        await waiting


async def test_a_cancelled_statement_comes_to_its_end_and_the_next_one_works(checkpoints: Checkpoints) -> None:
    marks = Marks(checkpoints, "ses-1")
    for number in range(20):
        writing = asyncio.create_task(marks.put("a", str(number)))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    await marks.put("a", "last")
    assert await marks.get("a") == "last"


async def test_text_from_outside_is_remembered_wherever_the_session_goes_on(
    machine: Machine, tmp_path: Path, database_url: str
) -> None:
    async with machine.hold() as held:
        outside = await Outside.of(machine.paths().root, Marks(held, "ses-1"))
        assert outside.source == ""
        await outside.note("fetch")
    elsewhere = machine if database_url == "local" else Machine(tmp_path / "two", database_url)
    async with elsewhere.hold() as held:
        assert (await Outside.of(elsewhere.paths().root, Marks(held, "ses-1"))).source == "fetch"


# -- the graph


@pytest.fixture
async def player(machine: Machine) -> AsyncIterator[Player]:
    """Plays a real graph against a model server, over the place of the parameter."""
    async with ModelServer() as model:
        yield Player(machine.home, model)


async def test_a_graph_goes_on_where_it_was_cut_off(machine: Machine, player: Player) -> None:
    turn = Turn("Two.", (("note", {"note": "a"}), ("safe", {"note": "b"})))
    player.model.script = {"go": [turn, Turn("ok")], "more": [Turn("ok")]}
    player.notes.hold = asyncio.Event()
    async with machine.hold() as held:
        player.more = {"store": held}
        running = asyncio.create_task(player.play("go"))
        await player.notes.held(2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    player.notes.hold = None
    async with machine.hold() as held:
        player.more = {"store": held}
        waiting = await player.play("go")
        assert isinstance(waiting, events.Waiting)  # nobody knows whether `note` had its effect
        assert player.notes.lines == ["b"]
    [ask] = waiting.asks
    async with machine.hold() as held:
        player.more = {"store": held}
        assert await player.play("go", **{ask.request_id: YES}) == DONE
        player.events.clear()
        assert await player.play("go") == DONE
        assert player.notes.lines == ["b", "a"]
        assert len(player.of(events.ToolDone)) == 2
    assert len(player.model.requests) == 2


async def test_a_conversation_goes_on_with_the_next_message(machine: Machine, player: Player) -> None:
    player.model.script = {"go": [Turn("ok")], "more": [Turn("ok")]}
    for message in ("go", "more"):
        async with machine.hold() as held:
            player.more = {"store": held, "execution_id": f"aex-{message}"}
            assert await player.play(message) == DONE
    said = [item["content"] for item in player.model.requests[-1]["messages"] if item["role"] == "user"]
    assert said == ["go", "more"]


async def test_a_result_is_told_only_when_another_connection_can_read_it(machine: Machine, player: Player) -> None:
    player.model.script = {"go": [Turn("", (("safe", {"note": "a"}),)), Turn("ok")]}
    async with machine.hold() as held:
        player.more = {"store": held}
        other = _Reader(held, machine)
        told: list[int] = []
        player.emit = lambda event: told.append(other.writes()) if isinstance(event, events.ToolDone) else None
        assert await player.play("go") == DONE
    assert told
    assert told[0] > 0


class _Reader:
    """Counts saved writes over a connection of its own."""

    def __init__(self, held: Any, machine: Machine) -> None:
        self._held = held
        self._path = machine.paths().checkpoints

    def writes(self) -> int:
        """Writes of tool results that are committed."""
        if not hasattr(self._held, "connection"):
            with sqlite3.connect(self._path) as file:
                return int(file.execute("SELECT COUNT(*) FROM writes WHERE channel = 'messages'").fetchone()[0])
        info = self._held.connection.info
        with psycopg.connect(host=info.host, dbname=info.dbname, user=info.user) as connection:
            query = b"SELECT COUNT(*) FROM stigmer_agent.checkpoint_writes WHERE channel = 'messages'"
            row = connection.execute(query).fetchone()
            return int(row[0]) if row else 0


# -- Postgres alone


async def test_a_run_that_lost_its_connection_saves_nothing_more(tmp_path: Path, postgres_url: str) -> None:
    first, second = Machine(tmp_path / "one", postgres_url), Machine(tmp_path / "two", postgres_url)
    await first.store.ready()
    async with first.hold() as held:
        await Marks(held, "ses-1").put("a", "1")
        await _disconnect(held.connection)
        with pytest.raises(psycopg.OperationalError):
            await Marks(held, "ses-1").put("a", "2")
        async with asyncio.timeout(20), second.hold() as taken:
            assert await Marks(taken, "ses-1").get("a") == "1"
            with pytest.raises(psycopg.OperationalError):
                await Marks(held, "ses-1").put("a", "3")


async def _disconnect(connection: Any) -> None:
    info = connection.info
    async with await psycopg.AsyncConnection.connect(
        host=info.host, dbname=info.dbname, user=info.user, autocommit=True
    ) as other:
        await other.execute(b"SELECT pg_terminate_backend(%s)", (info.backend_pid,))


async def test_files_that_lie_elsewhere_are_told(tmp_path: Path, postgres_url: str) -> None:
    first, second = Machine(tmp_path / "one", postgres_url), Machine(tmp_path / "two", postgres_url)
    await first.store.ready()
    for machine, is_told in ((first, False), (second, True), (first, False)):
        async with machine.hold() as held:
            notice = await notice_of_files(Marks(held, "ses-1"), machine.paths().root)
        assert (notice is not None) is is_told


async def test_a_postgres_that_is_away_can_be_waited_for_and_stopped(tmp_path: Path) -> None:
    machine = Machine(tmp_path, f"postgresql://stigmer@/none?host={tmp_path}")
    with pytest.raises(CheckpointsAway):
        await machine.store.ready()
    control = Control()
    asyncio.get_running_loop().call_later(0.3, control.request, StopReason.SHUTDOWN)
    async with asyncio.timeout(20), machine.hold(control) as held:
        assert held is None


async def test_a_user_without_rights_is_told_which_one_is_missing(
    tmp_path: Path, postgres_url: str, postgres_socket: str
) -> None:
    database = postgres_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(f"host={postgres_socket} user=stigmer dbname={database}", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE weak_{database} LOGIN".encode())
        try:
            weak = f"postgresql://weak_{database}@/{database}?host={postgres_socket}"
            with pytest.raises(SettingsError, match="GRANT CREATE ON DATABASE"):
                await Machine(tmp_path, weak).store.ready()
        finally:
            connection.execute(f"DROP ROLE weak_{database}".encode())


@pytest.mark.parametrize(
    ("own", "servers", "found"),
    [
        ("", "", ""),
        ("", "postgresql+psycopg://u@h/d", "postgresql://u@h/d"),
        ("", "sqlite:///x.db", ""),
        ("local", "postgresql://u@h/d", ""),
        ("postgres://u@h/own", "postgresql://u@h/d", "postgres://u@h/own"),
    ],
)
def test_checkpoints_follow_the_server_unless_they_are_told_otherwise(own: str, servers: str, found: str) -> None:
    assert load_settings(database_url=own, server_database_url=servers).checkpoints_url == found


def test_an_address_of_something_else_is_refused_and_never_shown() -> None:
    with pytest.raises(SettingsError, match="must be a postgresql:// address, or `local`"):
        load_settings(database_url="mysql://u:hidden@h/d")
    assert "hidden" not in repr(load_settings(database_url="postgresql://u:hidden@h/d"))
