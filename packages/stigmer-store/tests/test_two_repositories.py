"""Two repositories on one Postgres database: the listeners of each hear the commits of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from stigmer_store import Change, Repository, ResourceRecord, StoreUnavailable, open_repository
from stigmer_store.sql import SqlRepository
from stigmer_store.writer import _ConnectionLost

Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]
ManyPutter = Callable[..., Coroutine[Any, Any, list[ResourceRecord]]]


class Ear:
    """What the listener of one repository heard."""

    def __init__(self, store: Repository) -> None:
        self.calls: list[Sequence[Change]] = []
        self.gaps: list[int] = []
        self._news = asyncio.Event()
        store.add_listener(self._hear, self._miss)

    def _hear(self, changes: Sequence[Change]) -> None:
        self.calls.append(changes)
        self._news.set()

    def _miss(self, oldest: int) -> None:
        self.gaps.append(oldest)
        self._news.set()

    @property
    def changes(self) -> list[Change]:
        """All of it, flat."""
        return [change for changes in self.calls for change in changes]

    async def hears(self, revision: int) -> None:
        """Wait until it has heard this revision."""
        async with asyncio.timeout(30):
            while not self.calls or self.calls[-1][0].revision < revision:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[tuple[SqlRepository, SqlRepository]]:
    """Two repositories on one database, as two servers have them."""
    first, second = open_repository(postgres_url), open_repository(postgres_url)
    assert isinstance(first, SqlRepository)
    assert isinstance(second, SqlRepository)
    yield first, second
    await asyncio.gather(first.close(), second.close())


def kill_listeners(url: str) -> int:
    """End the sessions that wait for notifications; how many there were."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        waiting = "datname = current_database() AND query IN ('LISTEN stigmer_changes', 'SELECT 1')"
        ended = connection.execute(
            sa.text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {waiting}")
        ).all()
    engine.dispose()
    return len(ended)


async def test_a_commit_of_one_is_heard_by_the_other(
    stores: tuple[SqlRepository, SqlRepository], put: Putter, put_all: ManyPutter
) -> None:
    first, second = stores
    ear = Ear(second)
    await put(first, "a")
    await ear.hears(1)
    await put_all(first, ["b", "c"])
    await first.write(lambda tx: tx.delete("Agent", "a"))
    await ear.hears(3)
    assert [[(c.revision, c.operation, c.id) for c in changes] for changes in ear.calls] == [
        [(1, "created", "a")],
        [(2, "created", "b"), (2, "created", "c")],
        [(3, "deleted", "a")],
    ]
    assert ear.changes == list(await first.changes(0, 10))


async def test_own_commits_come_after_the_foreign_ones_before_them(
    stores: tuple[SqlRepository, SqlRepository], put: Putter
) -> None:
    first, second = stores
    ears = Ear(first), Ear(second)
    for number in range(20):
        store, ear = stores[number % 2], ears[number % 2]
        made = await put(store, f"a{number}")
        heard = [change.revision for change in ear.changes]
        assert heard == list(range(1, made.revision + 1)), "all up to the own one, before the write returns"


@pytest.mark.parametrize("kill", [False, True])
async def test_both_hear_everything_once_in_order_under_load(
    stores: tuple[SqlRepository, SqlRepository], put_all: ManyPutter, postgres_url: str, kill: bool
) -> None:
    ears = Ear(stores[0]), Ear(stores[1])
    killed: list[int] = []

    async def writer(number: int) -> None:
        for body in range(10):
            await put_all(stores[number % 2], [f"a{number}-x", f"a{number}-y"], body=bytes([body]))
            if kill and number == 0 and body % 3 == 0:
                killed.append(await asyncio.to_thread(kill_listeners, postgres_url))

    await asyncio.gather(*(writer(number) for number in range(30)))
    assert bool(sum(killed)) == kill
    for ear in ears:
        await ear.hears(300)
    everything = list(await stores[0].changes(0, 1000))
    assert [change.revision for change in everything] == [r for r in range(1, 301) for _ in "xy"]
    for ear in ears:
        assert ear.changes == everything
        assert all(len({change.revision for change in changes}) == 1 for changes in ear.calls)


async def test_a_lost_connection_heals_and_what_was_missed_is_heard(
    stores: tuple[SqlRepository, SqlRepository], put: Putter, postgres_url: str
) -> None:
    first, second = stores
    ear = Ear(second)
    await put(first, "a")
    await ear.hears(1)
    assert await asyncio.to_thread(kill_listeners, postgres_url) == 2
    for number in range(10):
        await put(first, f"b{number}")
    await ear.hears(11)
    assert await asyncio.to_thread(kill_listeners, postgres_url) >= 1
    await ear.hears(11)
    await put(first, "c")
    await ear.hears(12)
    assert [change.revision for change in ear.changes] == list(range(1, 13))


async def test_who_comes_later_hears_what_comes_later(
    stores: tuple[SqlRepository, SqlRepository], put: Putter, postgres_url: str
) -> None:
    first, _ = stores
    await put(first, "a")
    third = open_repository(postgres_url)
    try:
        ear = Ear(third)
        await put(first, "b")
        await ear.hears(2)
        assert [change.id for change in ear.changes] == ["b"]
    finally:
        await third.close()
    await put(first, "c")


async def test_a_commit_whose_answer_was_lost_is_heard_all_the_same(
    stores: tuple[SqlRepository, SqlRepository], put: Putter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is told that the outcome is unknown; who listens sees what is stored."""
    first, _ = stores
    ear = Ear(first)
    real = first._writer._transact

    def lose(jobs: Any) -> None:
        monkeypatch.undo()
        real(jobs)
        raise _ConnectionLost from StoreUnavailable("gone")

    monkeypatch.setattr(first._writer, "_transact", lose)
    with pytest.raises(StoreUnavailable):
        await put(first, "a")
    await put(first, "b")
    assert [change.id for change in ear.changes] == ["a", "b"]


async def test_closing_does_not_wait_for_the_next_look(postgres_url: str) -> None:
    store = open_repository(postgres_url)
    async with asyncio.timeout(4):
        await store.close()
    await store.close()
