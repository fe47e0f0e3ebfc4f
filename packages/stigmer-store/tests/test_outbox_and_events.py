"""The outbox and the events of executions, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from stigmer_store import EventRecord, InvalidValue, Repository, ResourceRecord, Transaction

Maker = Callable[..., ResourceRecord]
HOUR = timedelta(hours=1)


def soon() -> datetime:
    """A moment by which everything enqueued just now is due."""
    return datetime.now(UTC) + timedelta(seconds=5)


async def test_an_enqueued_item_is_due_at_once_and_until_it_is_complete(store: Repository) -> None:
    await store.write(lambda tx: tx.enqueue("start", "aex-1", b"payload"))
    (item,) = await store.due_outbox(10, soon())
    assert (item.topic, item.key, item.payload, item.attempts, item.error) == (
        "start",
        "aex-1",
        b"payload",
        0,
        "",
    )
    assert item.created_at == item.not_before <= datetime.now(UTC)
    assert list(await store.due_outbox(10, soon())) == [item]
    await store.complete_outbox([item.id, 999])
    assert list(await store.due_outbox(10, soon())) == []


async def test_due_items_come_in_order_and_not_before_their_time(store: Repository) -> None:
    now = soon()

    def work(tx: Transaction) -> None:
        tx.enqueue("signal", "later", b"", now + HOUR)
        tx.enqueue("start", "second", b"", now)
        tx.enqueue("start", "first", b"", now - HOUR)
        tx.enqueue("start", "third", b"", now)

    await store.write(work)
    assert [item.key for item in await store.due_outbox(10, now)] == ["first", "second", "third"]
    assert [item.key for item in await store.due_outbox(2, now)] == ["first", "second"]
    assert [item.key for item in await store.due_outbox(10, now + HOUR)][-1] == "later"


async def test_a_postponed_item_counts_its_attempts_and_keeps_the_error(store: Repository) -> None:
    await store.write(lambda tx: tx.enqueue("start", "aex-1", b""))
    (item,) = await store.due_outbox(10, soon())
    later = soon() + HOUR
    for number in (1, 2):
        await store.postpone_outbox(item.id, later, f"refused {number}\0")
    await store.postpone_outbox(999, later, "there is no such item")
    assert list(await store.due_outbox(10, soon())) == []
    (item,) = await store.due_outbox(10, later)
    assert (item.attempts, item.not_before) == (2, later)
    assert item.error == "refused 2"


async def test_an_outbox_id_is_never_used_again(store: Repository) -> None:
    ids = []
    for _ in range(3):
        await store.write(lambda tx: tx.enqueue("start", "k", b""))
        (item,) = await store.due_outbox(10, soon())
        await store.complete_outbox([item.id])
        ids.append(item.id)
    assert ids == sorted(set(ids))


async def test_completing_and_writing_can_be_one_transaction(store: Repository, record: Maker) -> None:
    await store.write(lambda tx: tx.enqueue("start", "a", b""))
    (item,) = await store.due_outbox(10, soon())

    def work(tx: Transaction) -> None:
        tx.put(record(tx, "a"))
        tx.complete_outbox([item.id])
        tx.enqueue("signal", "a", b"")

    await store.write(work)
    assert [item.topic for item in await store.due_outbox(10, soon())] == ["signal"]


def enqueue(topic: str, not_before: datetime | None) -> Callable[[Transaction], None]:
    """A work that leaves one item."""
    return lambda tx: tx.enqueue(topic, "k", b"", not_before)


async def test_outbox_items_that_cannot_be_kept_are_refused(store: Repository) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the naive time is the point
    for topic, not_before in (("a\0", None), ("a", naive)):
        with pytest.raises(InvalidValue):
            await store.write(enqueue(topic, not_before))
    with pytest.raises(InvalidValue):
        await store.postpone_outbox(1, naive, "")
    with pytest.raises(InvalidValue):
        await store.due_outbox(1, naive)


async def test_events_are_numbered_without_gaps_and_repeated_ids_are_skipped(store: Repository) -> None:
    added = await store.write(lambda tx: tx.append_events("aex-1", [("a", b"1"), ("b", b"2"), ("a", b"x")]))
    assert list(added) == [EventRecord("aex-1", 1, "a", b"1"), EventRecord("aex-1", 2, "b", b"2")]
    again = await store.write(lambda tx: tx.append_events("aex-1", [("b", b"x"), ("c", b"3")]))
    assert list(again) == [EventRecord("aex-1", 3, "c", b"3")]
    await store.write(lambda tx: tx.append_events("aex-2", [("a", b"other")]))
    assert list(await store.events("aex-1")) == [*added, *again]
    assert list(await store.events("aex-1", 1, 1)) == [added[1]]
    assert list(await store.events("aex-1", 3)) == list(await store.events("none")) == []


async def test_a_work_sees_the_events_it_has_appended(store: Repository) -> None:
    def work(tx: Transaction) -> None:
        assert tx.next_event_sequence("aex-1") == 1
        tx.append_events("aex-1", [("a", b"")])
        assert tx.next_event_sequence("aex-1") == 2
        assert list(tx.append_events("aex-1", [("a", b""), ("b", b"")])) == [EventRecord("aex-1", 2, "b", b"")]
        tx.delete_events("aex-1")
        assert tx.next_event_sequence("aex-1") == 1
        tx.append_events("aex-1", [("b", b"again")])

    await store.write(work)
    assert list(await store.events("aex-1")) == [EventRecord("aex-1", 1, "b", b"again")]


async def test_events_of_concurrent_writers_stay_without_gaps(store: Repository) -> None:
    def append(number: int) -> Callable[[Transaction], object]:
        ids = [f"e{number}", f"e{number + 1}", "same for all"]
        return lambda tx: tx.append_events(f"aex-{number % 2}", [(id_, b"") for id_ in ids])

    await asyncio.gather(*(store.write(append(number)) for number in range(100)))
    for execution in ("aex-0", "aex-1"):
        events = await store.events(execution)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert len({event.event_id for event in events}) == len(events) == 101


async def test_a_long_batch_of_events_is_taken(store: Repository) -> None:
    batch = [(f"e{number}", b"") for number in range(1500)]
    for _ in range(2):
        await store.write(lambda tx: tx.append_events("aex-1", batch))
    assert len(await store.events("aex-1", 0, 5000)) == 1500


async def test_events_that_cannot_be_kept_are_refused(store: Repository) -> None:
    with pytest.raises(InvalidValue, match=r"events\[1\].event_id: must not be empty"):
        await store.write(lambda tx: tx.append_events("aex-1", [("a", b""), ("", b"")]))
    assert list(await store.events("aex-1")) == []


async def test_deleted_events_are_gone_and_counting_starts_again(store: Repository) -> None:
    await store.write(lambda tx: tx.append_events("aex-1", [("a", b"")]))
    await store.write(lambda tx: tx.append_events("aex-2", [("a", b"")]))
    await store.write(lambda tx: tx.delete_events("aex-1"))
    assert list(await store.events("aex-1")) == []
    assert len(await store.events("aex-2")) == 1
    assert await store.write(lambda tx: tx.next_event_sequence("aex-1")) == 1
