"""What a process wrote last is not read again, and yet nobody sees anything old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from stigmer_store import ResourceRecord, StoreError, Transaction
from stigmer_store.recent import Recent
from stigmer_store.sql import SqlRepository

Maker = Callable[..., ResourceRecord]


def put(record: Maker, id_: str, **values: Any) -> Callable[[Transaction], ResourceRecord]:
    """A work that writes a record."""

    def work(tx: Transaction) -> ResourceRecord:
        made = record(tx, id_, **values)
        tx.put(made)
        return made

    return work


async def test_a_transaction_sees_what_another_process_wrote_meanwhile(backend: Any, record: Maker) -> None:
    if backend.name == "memory":
        pytest.skip("no other process has this memory")
    ours, theirs = backend.open(), backend.open()
    await ours.write(put(record, "a", name="first"))
    await ours.write(put(record, "b", name="first"))
    newer = await theirs.write(put(record, "a", name="second"))
    await theirs.write(lambda tx: tx.delete(newer.kind, "b"))
    assert await ours.write(lambda tx: tx.require(newer.kind, "a")) == newer
    assert await ours.write(lambda tx: tx.get(newer.kind, "b")) is None


async def test_a_transaction_that_failed_leaves_nothing_to_be_seen(backend: Any, record: Maker) -> None:
    store = backend.open()
    first = await store.write(put(record, "a", name="first"))

    def failing(tx: Transaction) -> None:
        tx.put(replace(first, name="never", revision=tx.revision()))
        raise StoreError("no")

    with pytest.raises(StoreError):
        await store.write(failing)
    assert await store.write(lambda tx: tx.get(first.kind, "a")) == first


async def test_a_record_just_written_is_not_read_from_the_database_again(backend: Any, record: Maker) -> None:
    store = backend.open()
    if not isinstance(store, SqlRepository):
        pytest.skip("there is no database")
    statements: list[str] = []
    first = await store.write(put(record, "a"))
    event.listen(store._engines.writer, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert await store.write(lambda tx: tx.get(first.kind, "a")) == first
    assert [text for text in statements if "FROM resources" in text] == []


def test_no_more_is_kept_than_was_allowed(record: Maker) -> None:
    class Tx:
        def revision(self) -> int:
            return 1

    recent = Recent(max_bytes=3_500)
    made = {number: record(Tx(), str(number), body=b"x" * 100) for number in range(4)}
    recent.committed({("k", str(number)): one for number, one in made.items()}, 1)
    assert [recent.get(("k", str(number))) is not None for number in range(4)] == [False, True, True, True]
    recent.committed({("k", "1"): made[1]}, 2)
    recent.committed({("k", "0"): made[0]}, 3)
    assert [recent.get(("k", str(number))) is not None for number in range(4)] == [True, True, False, True]
    recent.committed({("k", "0"): None}, 4)
    assert recent.get(("k", "0")) is None
