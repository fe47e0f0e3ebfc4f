"""How far back the change log reaches, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stigmer_store import InvalidValue, ListQuery, Repository, ResourceRecord, RevisionCompacted, retention
from stigmer_store.retention import ENTRY_BYTES

Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]
ManyPutter = Callable[..., Coroutine[Any, Any, list[ResourceRecord]]]
NONE = timedelta(0)
HOUR = timedelta(hours=1)


async def kept(store: Repository, oldest: int) -> list[str]:
    """The ids that the log still tells of."""
    return [change.id for change in await store.changes(oldest, 10_000)]


async def test_the_newest_changes_stay_and_no_revision_is_split(store: Repository, put_all: ManyPutter) -> None:
    for names in ("a", "bcd", "ef"):
        await put_all(store, names)
    assert await store.compact(10, NONE) == 0
    assert await store.compact(6, NONE) == 0
    assert await store.compact(4, NONE) == 1, "one change of revision 2 is wanted, so all are kept"
    assert await kept(store, 1) == [*"bcdef"]
    assert await store.compact(2, NONE) == 2
    assert await store.compact(5, NONE) == 2, "what is gone is gone"
    assert await store.compact(0, NONE) == 3
    assert await kept(store, 3) == []
    with pytest.raises(RevisionCompacted) as caught:
        await store.changes(2, 10)
    assert caught.value.oldest == 3
    await put_all(store, "g")
    assert await kept(store, 3) == ["g"]
    assert (await store.list(ListQuery())).total == 7, "resources stay, whatever the log forgets"


async def test_what_is_young_stays_beyond_the_count(store: Repository, put: Putter) -> None:
    await put(store, "a")
    await put(store, "b")
    between = datetime.now(UTC)
    await put(store, "c")
    assert await store.compact(0, HOUR) == 0
    assert await store.compact(0, HOUR, now=between + HOUR) == 2
    assert await store.compact(0, HOUR, now=datetime.now(UTC) + 2 * HOUR) == 3


async def test_the_bytes_are_a_limit_whatever_the_age(store: Repository, put: Putter) -> None:
    for name in "abcdef":
        await put(store, name, body=b"x" * (10_000 - ENTRY_BYTES))
    assert await store.compact(100, HOUR, max_bytes=60_000) == 0
    assert await store.compact(100, HOUR, max_bytes=30_000) == 3
    await put(store, "huge", body=b"x" * 100_000)
    assert await store.compact(100, HOUR, max_bytes=30_000) == 6, "the newest revision always stays"


async def test_an_empty_log_has_nothing_to_forget(store: Repository) -> None:
    assert await store.compact(0, NONE) == 0
    with pytest.raises(InvalidValue, match="keep_age"):
        await store.compact(0, -HOUR)


async def test_readers_and_writers_go_on_while_the_log_is_cut_in_steps(
    store: Repository, put_all: ManyPutter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STEP", 3)
    done = asyncio.Event()
    seen: list[int] = []

    async def reader() -> None:
        """Follow the log; what it gets has no gap, or it is told where to go on."""
        last = 0
        while not done.is_set() or last < 200:
            await asyncio.sleep(0)  # in memory nothing else lets the others run
            try:
                revisions = [change.revision for change in await store.changes(last, 7)]
            except RevisionCompacted as compacted:
                last = compacted.oldest
                continue
            assert sorted(set(revisions)) == list(range(last + 1, last + 1 + len(set(revisions))))
            last = max(revisions, default=last)
            seen.append(last)

    async def writer(number: int) -> None:
        for _ in range(10):
            await put_all(store, [f"a{number}", f"b{number}"])

    async def cutter() -> None:
        while not done.is_set():
            await asyncio.sleep(0)
            await store.compact(5, NONE)

    readers = [asyncio.create_task(reader()), asyncio.create_task(reader()), asyncio.create_task(cutter())]
    async with asyncio.timeout(60):
        await asyncio.gather(*(writer(number) for number in range(20)))
        done.set()
        await asyncio.gather(*readers)
    assert seen[-1] == 200
    assert await store.compact(5, NONE) == 197
    assert len(await store.changes(197, 100)) == 6
