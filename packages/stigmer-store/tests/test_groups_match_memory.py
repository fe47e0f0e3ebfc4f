"""Whatever works do, in whatever groups: SQLite ends up with what the plain store in memory has."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stigmer_store import ListQuery, Repository, ResourceRecord, StoreError, Transaction, open_repository

Grouper = Callable[..., Coroutine[Any, Any, list[Any]]]
Step = tuple[Any, ...]
Work = Callable[[Transaction], list[Any]]

START = datetime(2026, 1, 1, tzinfo=UTC)

ids = st.sampled_from("abcd")
slugs = st.sampled_from(["", "s1", "s2"])
steps = st.one_of(
    st.tuples(st.just("put"), ids, slugs, st.sampled_from(["", "", "r1"]), st.sampled_from(["l1", "l2"])),
    st.tuples(st.just("put"), ids, st.just(""), st.just(""), st.sampled_from(["l1", "l2"])),
    st.tuples(st.just("delete"), ids),
    st.tuples(st.just("get"), ids),
    st.tuples(st.just("slug"), slugs),
    st.tuples(st.just("list"), st.sampled_from(["l1", "l2"])),
    st.tuples(st.just("total"), st.sampled_from(["local", "other", ""])),
    st.tuples(st.just("append"), ids, st.lists(st.sampled_from("uvwxyz"), max_size=4)),
    st.tuples(st.just("next"), ids),
    st.tuples(st.just("forget"), ids),
    st.tuples(st.just("enqueue"), ids),
    st.tuples(st.just("fail")),
)
groups = st.lists(st.lists(st.lists(steps, min_size=1, max_size=6), min_size=1, max_size=6), min_size=1, max_size=4)


class Refused(Exception):
    """What a failing work raises."""


@pytest.mark.timeout(400)
@settings(max_examples=100, deadline=None, database=None)
@given(groups=groups)
def test_groups_of_random_works_end_like_the_same_works_one_by_one(
    groups: list[list[list[Step]]], as_one_group: Grouper
) -> None:
    asyncio.run(compare([[work_of(steps) for steps in group] for group in groups], as_one_group))


@pytest.mark.timeout(400)
@settings(max_examples=100, deadline=None, database=None)
@given(groups=groups)
def test_random_works_that_come_when_they_come_end_like_the_same_works_one_by_one(
    groups: list[list[list[Step]]],
) -> None:
    asyncio.run(compare([[work_of(steps) for steps in group] for group in groups], as_they_come))


async def as_they_come(store: Repository, works: Sequence[Work]) -> list[Any]:
    """Submit works while those before them are perhaps under way, and return how each ended."""
    writes = []
    for work in works:
        writes.append(asyncio.create_task(store.write(work)))
        await asyncio.sleep(0)
    return await asyncio.gather(*writes, return_exceptions=True)


async def compare(groups: Sequence[Sequence[Work]], as_one_group: Grouper) -> None:
    """Run groups on SQLite, the same works one by one in memory, and look for a difference."""
    with tempfile.TemporaryDirectory() as folder:
        memory, sqlite = open_repository("memory://"), open_repository(f"sqlite:///{folder}/stigmer.db")
        heard: dict[Repository, list[Any]] = {memory: [], sqlite: []}
        for store in (memory, sqlite):
            store.add_listener(heard[store].extend)
        try:
            for group in groups:
                expected = [await outcome(memory, work) for work in group]
                grouped = await as_one_group(sqlite, group)
                assert [told(result) for result in grouped] == expected
                assert await everything(sqlite) == await everything(memory)
                for store in (memory, sqlite):
                    await complete_one(store)
            assert heard[sqlite] == heard[memory] == await sqlite.changes(0, 1000)
        finally:
            await memory.close()
            await sqlite.close()


def work_of(steps: Sequence[Step]) -> Work:
    """A work that takes these steps and returns what it has seen."""
    return lambda tx: [STEPS[name](tx, *values) for name, *values in steps]


def fail(_tx: Transaction) -> None:
    """Refuse to go on."""
    raise Refused


def make(tx: Transaction, id_: str, slug: str, request_id: str, label: str) -> ResourceRecord:
    """A record; some keep their time of creation and organisation from write to write, some do not."""
    revision = tx.revision()
    created = START + timedelta(seconds=revision if id_ == "d" else ord(id_))
    entries = {"l": label, label: ""}
    body = f"{id_}{revision}".encode()
    org = "other" if id_ == "c" and revision % 2 else "local"
    return ResourceRecord("Agent", id_, org, slug, id_, revision, created, created, body, entries, entries, request_id)


STEPS: dict[str, Callable[..., Any]] = {
    "put": lambda tx, *values: tx.put(make(tx, *values)),
    "delete": lambda tx, id_: tx.delete("Agent", id_),
    "get": lambda tx, id_: tx.get("Agent", id_),
    "slug": lambda tx, slug: tx.find_by_slug("Agent", "local", slug),
    "list": lambda tx, label: tx.list(ListQuery(labels={"l": label})),
    "total": lambda tx, org: tx.list(ListQuery(("Agent",), org=org, page_size=1)).total,
    "append": lambda tx, id_, event_ids: list(tx.append_events(id_, [(event_id, b"") for event_id in event_ids])),
    "next": lambda tx, id_: tx.next_event_sequence(id_),
    "forget": lambda tx, id_: tx.delete_events(id_),
    "enqueue": lambda tx, id_: tx.enqueue("start", id_, b"", START + timedelta(seconds=ord(id_))),
    "fail": fail,
}


async def outcome(store: Repository, work: Work) -> Any:
    """What a work returned or why it failed."""
    try:
        return await store.write(work)
    except (StoreError, Refused) as error:
        return told(error)


def told(result: Any) -> Any:
    """Errors are equal when they say the same."""
    return (type(result), str(result)) if isinstance(result, Exception) else result


async def complete_one(store: Repository) -> None:
    """Do what a dispatcher does with the item that is longest due."""
    for item in await store.due_outbox(1, START + timedelta(days=1)):
        await store.complete_outbox([item.id])


async def everything(store: Repository) -> list[Any]:
    """All that readers can see."""
    due = await store.due_outbox(100, START + timedelta(days=1))
    return [
        await store.revision(),
        *[await store.list(ListQuery(labels={"l": label})) for label in ("l1", "l2")],
        await store.list(ListQuery(newest_first=True)),
        await store.list(ListQuery(("Agent",), org="other")),
        (await store.list(ListQuery(org="local", labels={"l": "l1"}, page_size=1))).total,
        list(itertools.chain.from_iterable([await store.events(id_) for id_ in "abcd"])),
        [(item.key, item.not_before) for item in due],
    ]
