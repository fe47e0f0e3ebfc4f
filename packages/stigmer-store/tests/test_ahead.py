"""Works that are run on the event loop before their turn: nobody can tell, except by the time it takes."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stigmer_store import ListQuery, ResourceRecord, StoreFull, Transaction, open_repository
from stigmer_store.sql import SqlRepository
from stigmer_store.transaction import LARGE_BYTES

Holder = Callable[..., contextlib.AbstractAsyncContextManager[None]]
Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]
PageLimit = Callable[[SqlRepository, int], None]


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """Of a database in a file."""
    return f"sqlite:///{tmp_path}/stigmer.db"


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlRepository]:
    """An empty store in a file."""
    async with contextlib.AsyncExitStack() as stack:
        yield await opened(stack, url)


async def opened(stack: contextlib.AsyncExitStack, url: str) -> SqlRepository:
    """A store that is closed with the stack."""
    store = open_repository(url)
    assert isinstance(store, SqlRepository)
    stack.push_async_callback(store.close)
    return store


def thread_of(tx: Transaction, id_: str) -> threading.Thread:
    """A work: look at a resource, and tell where."""
    tx.get("Agent", id_)
    return threading.current_thread()


def count(tx: Transaction, size: int = 0) -> int:
    """A work: make the number in a resource one larger, with a body of about this size, and tell it."""
    before = tx.require("Agent", "a")
    number = int(before.body.split()[0]) + 1
    tx.put(replace(before, revision=tx.revision(), body=b"%d " % number + b"x" * size))
    return number


async def test_what_was_just_written_is_worked_on_by_the_event_loop(store: SqlRepository, put: Putter) -> None:
    await put(store, "a")
    assert await store.write(lambda tx: thread_of(tx, "a")) is threading.current_thread()


@pytest.mark.parametrize(
    "asks",
    [
        lambda tx: tx.get("Agent", "other"),
        lambda tx: tx.find_by_slug("Agent", "local", "a"),
        lambda tx: tx.list(ListQuery()),
        lambda tx: tx.next_event_sequence("aex-1"),
        lambda tx: tx.delete("Agent", "a"),
    ],
)
async def test_what_only_the_database_knows_is_worked_on_by_the_writer(
    store: SqlRepository, put: Putter, asks: Callable[[Transaction], Any]
) -> None:
    await put(store, "a")

    def work(tx: Transaction) -> threading.Thread:
        with contextlib.suppress(Exception):  # whatever it makes of not being answered
            asks(tx)
        return threading.current_thread()

    assert (await store.write(work)).name == "stigmer-store-writer"
    assert await store.write(lambda _tx: threading.current_thread()) is threading.current_thread()


async def test_a_large_resource_does_not_hold_up_the_event_loop(store: SqlRepository, put: Putter) -> None:
    await put(store, "a", body=b"x" * (LARGE_BYTES + 1))
    assert (await store.write(lambda tx: thread_of(tx, "a"))).name == "stigmer-store-writer"


async def test_a_work_sees_those_before_it_that_are_on_their_way_to_the_disk(
    store: SqlRepository, put: Putter, busy: Holder
) -> None:
    await put(store, "a", body=b"0")
    async with busy(store):
        counting = [asyncio.create_task(store.write(count)) for _ in range(5)]
    assert await asyncio.gather(*counting) == [1, 2, 3, 4, 5]
    assert await asyncio.gather(*(store.write(count) for _ in range(200))) == list(range(6, 206))
    kept = await store.get("Agent", "a")
    assert kept is not None
    assert (kept.body, kept.revision) == (b"205 ", await store.revision())


async def test_a_work_that_fails_leaves_those_around_it_as_they_are(store: SqlRepository, put: Putter) -> None:
    await put(store, "a", body=b"0")

    def fail(tx: Transaction) -> None:
        count(tx)
        raise LookupError

    works: list[Callable[[Transaction], Any]] = [count, fail, count]
    ended = await asyncio.gather(*map(store.write, works), return_exceptions=True)
    assert [ended[0], type(ended[1]), ended[2]] == [1, LookupError, 2]


async def test_what_others_write_meanwhile_is_neither_missed_nor_overwritten(
    store: SqlRepository, put: Putter, url: str
) -> None:
    """Nobody tells the event loop that another process writes: the writer finds out, and runs the works itself."""
    await put(store, "a", body=b"0")
    async with contextlib.AsyncExitStack() as stack:
        both = (store, await opened(stack, url))
        heard: list[int] = []
        store.add_listener(lambda changes: heard.extend(change.revision for change in changes))
        chance = random.Random(1)
        counting = []
        for _ in range(300):
            counting.append(asyncio.create_task(chance.choice(both).write(count)))
            for _ in range(chance.choice([0, 0, 1, 5, 50])):
                await asyncio.sleep(0)
        assert sorted(await asyncio.gather(*counting)) == list(range(1, 301))
        await store.write(count)
    assert [change.revision for change in await store.changes(0, 1000)] == list(range(1, 303))
    assert heard == list(range(2, 303))


async def test_what_a_full_disk_refuses_is_not_built_upon(
    store: SqlRepository, put: Putter, limit_pages: PageLimit
) -> None:
    """Later works have seen what was refused: they are run anew, and tell what is really there."""
    await put(store, "a", body=b"0")
    limit_pages(store, 150)
    chance = random.Random(2)
    works = [partial(count, size=chance.choice([0, 0, 30_000])) for _ in range(200)]
    ended = await asyncio.gather(*map(store.write, works), return_exceptions=True)
    told = [number for number in ended if isinstance(number, int)]
    refused = [error for error in ended if isinstance(error, StoreFull)]
    assert len(told) + len(refused) == 200
    assert refused
    assert told == list(range(1, len(told) + 1))
    kept = await store.get("Agent", "a")
    assert kept is not None
    assert int(kept.body.split()[0]) == len(told) == await store.revision() - 1
    assert len(await store.changes(0, 1000)) == len(told) + 1


async def test_nobody_hears_of_a_work_that_was_built_upon_what_was_refused(
    store: SqlRepository, put: Putter, monkeypatch: pytest.MonkeyPatch, limit_pages: PageLimit
) -> None:
    await put(store, "a", body=b"0")
    heard: list[int] = []
    store.add_listener(lambda changes: heard.extend(change.revision for change in changes))
    transact, begin = store._writer._transact, threading.Event()

    def when_told(batches: Any) -> int:
        assert begin.wait(20)
        return transact(batches)

    monkeypatch.setattr(store._writer, "_transact", when_told)
    limit_pages(store, 150)
    refused = asyncio.create_task(store.write(lambda tx: tx.enqueue("topic", "key", b"x" * 1_000_000)))
    counting = asyncio.create_task(store.write(count))
    await asyncio.sleep(0)
    store._writer._ahead.flush()
    given_up = asyncio.create_task(store.write(count))
    await asyncio.sleep(0)
    given_up.cancel()
    begin.set()
    with pytest.raises(StoreFull):
        await refused
    assert await counting == 1
    assert await store.write(count) == 2
    assert heard == [2, 3] == [change.revision for change in await store.changes(1, 10)]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_goes_wrong_what_is_acknowledged_and_heard_is_what_is_stored(
    store: SqlRepository, put: Putter, url: str, seed: int, limit_pages: PageLimit
) -> None:
    """Two processes, a disk that is full at times, callers that give up."""
    chance = random.Random(seed)
    await put(store, "a", body=b"0")
    limit_pages(store, 250)
    async with contextlib.AsyncExitStack() as stack:
        both = (store, store, store, await opened(stack, url))
        heard: list[int] = []
        store.add_listener(lambda changes: heard.extend(change.revision for change in changes))
        counting = []
        for number in range(250):
            either = chance.choice(both)
            size = chance.choice([0] * 9 + [150_000]) if either is store else 0  # the other knows no limit
            counting.append(asyncio.create_task(either.write(partial(count, size=size))))
            for _ in range(chance.choice([0, 0, 1, 5, 50])):
                await asyncio.sleep(0)
            if chance.random() < 0.1:
                counting[chance.randrange(max(0, number - 5), number + 1)].cancel()
        ended = await asyncio.gather(*counting, return_exceptions=True)
        await store.write(lambda tx: tx.get("Agent", "a"))  # hears what the other wrote last
    told = [number for number in ended if isinstance(number, int)]
    logged = await store.changes(1, 1000)
    assert {StoreFull, asyncio.CancelledError} <= set(map(type, ended))
    assert len(set(told)) == len(told)
    assert set(told) <= {int(change.record.body.split()[0]) for change in logged}
    assert [int(change.record.body.split()[0]) for change in logged] == list(range(1, len(logged) + 1))
    assert heard == [change.revision for change in logged]


async def test_a_work_whose_caller_gave_up_while_it_waited_is_not_run(
    store: SqlRepository, put: Putter, busy: Holder
) -> None:
    await put(store, "a", body=b"0")
    async with busy(store):
        first, given_up, last = [asyncio.create_task(store.write(count)) for _ in range(3)]
        await asyncio.sleep(0)
        given_up.cancel()
    assert [await first, await last] == [1, 2]


async def test_closing_waits_for_works_that_wait_for_others(store: SqlRepository, put: Putter, busy: Holder) -> None:
    await put(store, "a", body=b"0")
    async with busy(store):
        counting = [asyncio.create_task(store.write(count)) for _ in range(3)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(store.close())
        await asyncio.sleep(0)
    await closing
    assert await asyncio.gather(*counting) == [1, 2, 3]
