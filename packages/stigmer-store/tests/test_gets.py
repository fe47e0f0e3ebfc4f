"""Callers that ask for resources at the same time share a read, and none is answered with what was read earlier."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from stigmer_store import ResourceRecord, StoreClosed
from stigmer_store.changeset import Key
from stigmer_store.gets import MOST_KEYS, Gets

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def record(key: Key, revision: int = 1) -> ResourceRecord:
    return ResourceRecord(key[0], key[1], "local", key[1], key[1], revision, _NOW, _NOW, b"", {}, {})


class Database:
    """Answers reads one by one, when it is let."""

    def __init__(self) -> None:
        self.reads: list[list[Key]] = []
        self.stored: dict[Key, ResourceRecord] = {}
        self.began, self.may_answer = asyncio.Event(), asyncio.Event()

    async def read(self, keys: Sequence[Key]) -> dict[Key, ResourceRecord]:
        self.reads.append(list(keys))
        self.began.set()
        found = {key: self.stored[key] for key in keys if key in self.stored}
        await self.may_answer.wait()
        return found


async def test_keys_that_are_asked_for_during_a_read_go_together_in_the_next_one() -> None:
    database = Database()
    gets = Gets(database.read)
    database.stored = {("agent", str(number)): record(("agent", str(number))) for number in range(5)}
    asked = [asyncio.create_task(gets.get(("agent", str(number)))) for number in (0, 1, 2, 2, 9)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    database.may_answer.set()
    found = await asyncio.wait_for(asyncio.gather(*asked), 10)
    assert [each and each.id for each in found] == ["0", "1", "2", "2", None]
    assert database.reads == [[("agent", "0")], [("agent", "1"), ("agent", "2"), ("agent", "9")]]


async def test_who_asks_during_a_read_is_answered_with_what_is_read_afterwards() -> None:
    database = Database()
    gets, key = Gets(database.read), ("agent", "a")
    database.stored[key] = record(key, 1)
    early = asyncio.create_task(gets.get(key))
    await asyncio.wait_for(database.began.wait(), 10)
    database.stored[key] = record(key, 2)
    late = asyncio.create_task(gets.get(key))
    await asyncio.sleep(0)
    database.may_answer.set()
    first, second = await asyncio.wait_for(asyncio.gather(early, late), 10)
    assert first is not None
    assert second is not None
    assert (first.revision, second.revision) == (1, 2)


async def test_a_failing_read_fails_those_that_waited_for_it_and_no_later_one() -> None:
    failures: list[Any] = [StoreClosed("away")]

    async def read(keys: Sequence[Key]) -> dict[Key, ResourceRecord]:
        if failures:
            raise failures.pop()
        return {key: record(key) for key in keys}

    gets = Gets(read)
    with pytest.raises(StoreClosed):
        await gets.get(("agent", "a"))
    assert await gets.get(("agent", "a")) == record(("agent", "a"))


async def test_a_caller_that_leaves_takes_no_other_along_and_a_crowd_is_split() -> None:
    database = Database()
    gets = Gets(database.read)
    asked = [asyncio.create_task(gets.get(("agent", str(number)))) for number in range(2 * MOST_KEYS)]
    await asyncio.sleep(0)
    asked[0].cancel()
    asked[7].cancel()
    database.may_answer.set()
    found = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 10)
    assert [place for place, each in enumerate(found) if each is not None] == [0, 7]
    assert [len(keys) for keys in database.reads] == [1, MOST_KEYS, MOST_KEYS - 1]
