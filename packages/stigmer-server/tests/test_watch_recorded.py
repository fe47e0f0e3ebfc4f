"""Fifty thousand changes, recorded and judged: with stalls, reconnects and a change log that forgets all the while."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from kept_log import compacted_up_to, keep_forgotten, whole_log
from server_testing import WAIT_SECONDS
from watch_recorder import INITIAL, SYNCED, UPDATED, Session, Told, Watcher, run_to
from watch_validator import Logged, logged, problems
from watch_writer import Writer, apply_plan

from stigmer_api.errors import OutOfRange
from stigmer_api.kinds import kind_by_key
from stigmer_server.watch.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stigmer_server.app import App
    from stigmer_store import Repository

_AGENT = kind_by_key("agent").number
_SECONDS = 120
_IN_MEMORY = 500
_FORGETTING = {"change_log_keep": 200, "change_log_keep_seconds": 0, "upkeep_seconds": 0.2}


class _Trial:
    """A server under writes whose log reaches back a few hundred changes, and readers that do what readers do."""

    def __init__(self, app: App, database: Path, writing: asyncio.Task[None]) -> None:
        self.app, self.database, self.writing = app, database, writing

    async def restless(self, watcher: Watcher, seed: int) -> None:
        """Read and reconnect at random; every third time stay away, every third stall, until the log has forgotten."""
        dice = random.Random(seed)
        turn = 0
        while not self.writing.done():
            turn += 1
            if turn % 3 == 1:
                await self._until(lambda: self._is_forgotten(watcher.resume or 0))
            left = [dice.randrange(1, 1500)]

            def enough(_item: Told, left: list[int] = left) -> bool:
                left[0] -= 1
                return left[0] < 0 or self.writing.done()

            stall = partial(self._stall, left, dice.randrange(1, 500)) if turn % 3 == 2 else None
            await asyncio.wait_for(watcher.run(self.app.address, enough, stall), _SECONDS)
        await run_to(watcher, self.app.address, await self.app.repository.revision(), _SECONDS)

    async def _stall(self, left: list[int], when: int) -> None:
        """Read no further, once, until the server has something for this stream that nobody has any more."""
        if left[0] == when:
            await self._until(lambda: self.app.broker.stats.lag > 2 * _IN_MEMORY)

    def _is_forgotten(self, revision: int) -> bool:
        return not self.app.broker.window.covers(revision) and compacted_up_to(self.database) > revision

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_SECONDS):
            while True:
                if condition() or self.writing.done():
                    return
                await asyncio.sleep(0.01)  # between two looks at what others do, within the bound above


@pytest.mark.timeout(400)
async def test_forty_thousand_changes_reach_readers_that_stall_reconnect_and_are_overtaken_by_compaction(
    serving: Callable[..., Any], tmp_path: Path
) -> None:
    database = tmp_path / "home" / "data" / "stigmer.db"
    async with serving(**_FORGETTING) as app:
        keep_forgotten(database)
        app.broker.window = Window(_IN_MEMORY)  # beyond it only the log could serve a reader
        writer = Writer(app.repository)
        await writer.write(50)
        every = [Watcher(app.token, kinds=[_AGENT]) for _ in range(2)]
        latest = Watcher(app.token, kinds=[_AGENT], mode=2)
        for watcher in (*every, latest):  # so that each has a revision to resume from
            await asyncio.wait_for(watcher.run(app.address, lambda item: item.type == SYNCED), WAIT_SECONDS)
        trial = _Trial(app, database, asyncio.create_task(writer.write(24_000)))
        await asyncio.gather(*(trial.restless(watcher, seed) for seed, watcher in enumerate((*every, latest))))
        await trial.writing
    log = whole_log(database, "agent")
    assert len(log) > 40_000
    assert compacted_up_to(database) > log[-1].revision // 2
    for watcher in every:
        assert problems(log, watcher.sessions) == []
        assert sum(session.compacted for session in watcher.sessions) > 1
    assert problems(log, latest.sessions, latest=True) == []
    assert sum(session.compacted for session in latest.sessions) > 1


async def _log(repository: Repository) -> list[Logged]:
    found: list[Logged] = []
    while batch := await repository.changes(found[-1].revision if found else 0, 5000):
        found += logged(batch)
    return found


async def test_a_reader_that_writes_overtake_while_the_initial_state_is_read_is_exact_at_synced(app: App) -> None:
    writer = Writer(app.repository)
    for number in range(30):
        await app.repository.write(partial(apply_plan, [(f"agt-{100 + number:026d}", False, "x")]))
    watcher = Watcher(app.token, kinds=[_AGENT])
    writing = asyncio.create_task(writer.write(300))
    for _ in range(10):
        await asyncio.wait_for(Watcher.run(watcher, app.address, lambda item: item.type == SYNCED), WAIT_SECONDS)
        watcher.sessions[:-1] = []
        session = watcher.sessions.pop()
        log = [change for change in await _log(app.repository) if change.revision <= session.told[-1].revision]
        assert problems(log, [session]) == []
    await writing


def test_the_validator_finds_what_it_is_there_for() -> None:
    def change(revision: int, resource_id: str) -> Logged:
        return Logged(revision, resource_id, "updated", hash(b""))

    def told(revision: int, resource_id: str, resume: int | None = None) -> Told:
        return Told(UPDATED, revision, revision if resume is None else resume, 0, resource_id, hash(b""))

    log = [change(1, "a"), change(2, "a"), change(2, "b"), change(3, "c")]
    good = [told(1, "a"), told(2, "a", 1), told(2, "b"), told(3, "c")]
    assert problems(log, [Session(0, good)]) == []
    assert problems(log, [Session(0, good[:2]), Session(1, good[1:])]) == [], "an interrupted transaction comes again"
    for bad, word in (
        ([good[1], good[0], *good[2:]], "not ordered"),
        ([good[0], *good], "not unique"),
        ([good[0], *good[2:]], "not gap-free"),
        ([good[0], told(2, "a", 2), *good[2:]], "not atomic"),
        (good[:3], "terminal state"),
    ):
        assert word in " ".join(problems(log, [Session(0, bad)])), word
    assert "not resumable" in " ".join(problems(log, [Session(0, good[:3]), Session(1, good[2:])]))


def test_the_validator_lets_a_watcher_start_anew_only_where_it_must_and_with_the_state_of_that_moment() -> None:
    names = ("a", "b", "a", "c", "b", "a")
    log = [Logged(revision, name, "updated", revision) for revision, name in enumerate(names, 1)]

    def event(revision: int, type_: int = UPDATED) -> Told:
        resume = 0 if type_ == INITIAL else revision
        return Told(type_, revision, resume, 0, names[revision - 1], revision)

    def synced(revision: int) -> Told:
        return Told(SYNCED, revision, revision, 0, "", 0)

    def cut(told: list[Told], oldest: int, start: int | None = 0) -> Session:
        refused = OutOfRange("gone", reason="REVISION_COMPACTED", metadata={"oldest": str(oldest)})
        return Session(start, told, refused)

    def found(*sessions: Session) -> str:
        return " ".join(problems(log, sessions))

    first, state, rest = [event(1), event(2)], [event(2, INITIAL), event(3, INITIAL), event(4, INITIAL)], [5, 6]
    anew = Session(None, [*state, synced(4), *map(event, rest)])
    assert found(cut(first, 3), anew) == ""
    assert found(cut(first, 3), cut(state[:1], 4, None), anew) == "", "overtaken again before SYNCED"
    nothing = Session(None, [synced(0)])
    assert found(nothing, anew) == "", "0 is no revision to resume from, so it began anew"
    assert "not gap-free" in found(nothing, Session(None, anew.told[:-1]))
    assert "compacted up to 2 only" in found(cut(first, 2), anew)
    assert "not the state that it started from: ['b']" in found(cut(first, 3), Session(None, anew.told[1:]))
    assert "went back: from 5 to 4" in found(cut([*map(event, range(1, 6))], 6), anew)
    assert "not resumable" in found(Session(0, first), anew), "nothing was compacted"
    assert "not resumable" in found(cut(first, 3), Session(4, [*map(event, rest)])), "it leaves out 3 and 4"
    assert "not gap-free" in found(cut(first[1:], 3), anew), "lost before it was cut off"
    assert "not gap-free" in found(cut(first, 3), Session(None, anew.told[:-1]))
    assert "not even an initial state" in found(cut(first, 3), Session(None, state))
