"""The change log and those who listen, on every store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stigmer_store import (
    Change,
    Operation,
    Repository,
    ResourceRecord,
    RevisionCompacted,
    Transaction,
)

Maker = Callable[..., ResourceRecord]
Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]
ManyPutter = Callable[..., Coroutine[Any, Any, list[ResourceRecord]]]


async def test_the_log_tells_every_change_in_order(store: Repository, put: Putter) -> None:
    made = await put(store, "a", labels={"l": "1"}, fields={"f": "1"})
    later = await put(store, "a", body=b"2", slug="s")
    await store.write(lambda tx: tx.delete("Agent", "a"))
    assert await store.changes(0, 10) == [
        Change(1, "Agent", "a", Operation.CREATED, made),
        Change(2, "Agent", "a", Operation.UPDATED, later, {"l": "1"}, {"f": "1"}),
        Change(3, "Agent", "a", Operation.DELETED, later),
    ]
    assert [change.revision for change in await store.changes(1, 10)] == [2, 3]
    assert [change.revision for change in await store.changes(1, 1)] == [2]
    assert list(await store.changes(3, 10)) == list(await store.changes(99, 10)) == []


async def test_a_revision_is_never_split(store: Repository, put_all: ManyPutter) -> None:
    for names in ("a", "bcd", "e", "fg"):
        await put_all(store, names)
    taken = {limit: "".join(c.id for c in await store.changes(0, limit)) for limit in (0, 1, 2, 4, 5, 6, 100)}
    assert taken == {0: "a", 1: "a", 2: "abcd", 4: "abcd", 5: "abcde", 6: "abcdefg", 100: "abcdefg"}


async def test_a_transaction_changes_a_resource_once(store: Repository, record: Maker, put_all: ManyPutter) -> None:
    old = await put_all(store, ["kept", "gone", "back"])

    def work(tx: Transaction) -> None:
        for body in (b"1", b"2"):
            tx.put(replace(tx.require("Agent", "kept"), revision=tx.revision(), body=body))
            tx.put(record(tx, "new", body=body))
        tx.put(replace(tx.require("Agent", "gone"), revision=tx.revision(), body=b"unseen"))
        tx.delete("Agent", "gone")
        tx.delete("Agent", "back")
        tx.put(record(tx, "back", body=b"again"))
        tx.put(record(tx, "brief"))
        tx.delete("Agent", "brief")

    await store.write(work)
    assert [(c.id, c.operation, c.record.body) for c in await store.changes(1, 10)] == [
        ("kept", "updated", b"2"),
        ("new", "created", b"2"),
        ("gone", "deleted", old[1].body),
        ("back", "updated", b"again"),
    ]
    assert (await store.changes(1, 10))[2].record == old[1]


async def test_below_the_retained_window_the_log_says_where_it_begins(store: Repository, put: Putter) -> None:
    for name in "abcd":
        await put(store, name)
    assert await store.compact(2, timedelta(0)) == 2
    with pytest.raises(RevisionCompacted) as caught:
        await store.changes(1, 10)
    assert caught.value.oldest == 2
    assert [change.revision for change in await store.changes(2, 10)] == [3, 4]


async def test_listeners_hear_every_change_once_in_order_under_200_writers(
    store: Repository, put_all: ManyPutter
) -> None:
    heard: list[Change] = []
    calls: list[set[int]] = []

    def listener(changes: Sequence[Change]) -> None:
        assert threading.current_thread() is threading.main_thread()
        heard.extend(changes)
        calls.append({change.revision for change in changes})

    store.add_listener(listener)

    async def writer(number: int) -> None:
        for body in (b"1", b"2", b"3"):
            written = await put_all(store, [f"a{number}-x", f"a{number}-y"], body=body)
            assert heard[-1].revision >= written[0].revision, "heard before the write returned"

    await asyncio.gather(*(writer(number) for number in range(200)))
    assert [change.revision for change in heard] == [r for r in range(1, 601) for _ in "xy"]
    assert all(len(revisions) == 1 for revisions in calls), "one call per transaction"
    assert heard == list(await store.changes(0, 2000))


async def test_a_listener_hears_only_while_it_is_registered(store: Repository, put: Putter) -> None:
    heard: list[Change] = []
    await put(store, "a")
    remove = store.add_listener(heard.extend)
    await put(store, "b")
    await store.write(lambda tx: tx.enqueue("start", "b", b""))
    remove()
    remove()
    await put(store, "c")
    assert [change.id for change in heard] == ["b"]


async def test_a_failing_listener_harms_nobody(store: Repository, put: Putter) -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
    heard: list[Change] = []

    def broken(_changes: Sequence[Change]) -> None:
        raise ValueError("broken")

    store.add_listener(broken)
    store.add_listener(heard.extend)
    await put(store, "a")
    assert len(heard) == 1
    assert [str(context["exception"]) for context in reported] == ["broken"]


async def test_a_listener_may_add_and_remove_listeners(store: Repository, put: Putter) -> None:
    heard: list[str] = []
    remove: list[Callable[[], None]] = []

    def once(_changes: Sequence[Change]) -> None:
        heard.append("once")
        remove.pop()()
        store.add_listener(lambda _changes: heard.append("later"))

    remove.append(store.add_listener(once))
    await put(store, "a")
    await put(store, "b")
    assert heard == ["once", "later"]
