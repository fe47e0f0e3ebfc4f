"""What a transaction promises, on every store."""

from __future__ import annotations

import asyncio
import random
import string
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from stigmer_store import (
    InvalidValue,
    ListQuery,
    RecordNotFound,
    Repository,
    RequestIdTaken,
    ResourceRecord,
    SlugTaken,
    StoreClosed,
    Transaction,
)

Maker = Callable[..., ResourceRecord]
Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]


class Refused(Exception):
    """What a work raises to be rolled back."""


async def test_a_write_returns_what_its_work_returns(store: Repository) -> None:
    assert await store.write(lambda tx: tx.get("Agent", "none")) is None
    assert await store.write(lambda tx: "done") == "done"


async def test_a_record_comes_back_exactly_as_it_was_put(store: Repository, put: Putter) -> None:
    values = {
        "name": "Grüße\n😀",
        "body": bytes(range(256)),
        "labels": {"team": "ä", "empty": ""},
        "fields": {"phase": "PENDING"},
        "request_id": "req-1",
        "created_at": datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=timezone(timedelta(hours=5))),
    }
    written = await put(store, "a", **values)
    assert await store.get("Agent", "a") == written
    assert await store.find_by_slug("Agent", "local", "a") == written
    assert await store.find_by_request_id("Agent", "local", "req-1") == written


async def test_every_transaction_that_writes_raises_the_revision_by_one(store: Repository, put: Putter) -> None:
    assert await store.revision() == 0
    for expected in range(1, 6):
        written = await put(store, f"a{expected}")
        assert written.revision == await store.revision() == expected


async def test_all_writes_of_a_transaction_share_its_revision(store: Repository, record: Maker, put: Putter) -> None:
    def work(tx: Transaction) -> None:
        tx.put(record(tx, "a"))
        tx.put(record(tx, "b"))
        tx.delete("Agent", "old")

    await put(store, "old")
    await store.write(work)
    assert [c.revision for c in await store.changes(1, 10)] == [2, 2, 2]


async def test_a_transaction_without_resources_raises_no_revision(store: Repository) -> None:
    await store.write(lambda tx: tx.enqueue("start", "a", b""))
    await store.write(lambda tx: tx.append_events("aex-1", [("e1", b"")]))
    await store.write(lambda tx: tx.delete("Agent", "none"))
    assert await store.revision() == 0


async def test_a_work_sees_what_it_has_written(store: Repository, record: Maker) -> None:
    def work(tx: Transaction) -> None:
        first = keep(tx, record(tx, "a", slug="one", labels={"l": "1"}, request_id="r"))
        assert tx.get("Agent", "a") == tx.find_by_slug("Agent", "local", "one") == first
        assert tx.find_by_request_id("Agent", "local", "r") == first
        second = keep(tx, replace(first, slug="two", labels={"l": "2"}, body=b"2"))
        assert tx.require("Agent", "a") == tx.find_by_slug("Agent", "local", "two") == second
        third = keep(tx, replace(second, labels={"l": "3"}, body=b"3"))
        assert tx.find_by_slug("Agent", "local", "one") is None
        assert tx.find_by_slug("Agent", "local", "two") == third
        assert tx.list(ListQuery(labels={"l": "3"})).items == (third,)
        assert tx.list(ListQuery(labels={"l": "2"})).items == ()
        assert tx.list(ListQuery()).revision == tx.revision()
        assert tx.delete("Agent", "a") == third
        assert tx.get("Agent", "a") is tx.find_by_slug("Agent", "local", "two") is None
        assert tx.list(ListQuery()).total == 0

    await store.write(work)


async def test_require_names_what_is_missing(store: Repository) -> None:
    with pytest.raises(RecordNotFound, match="Agent none does not exist"):
        await store.write(lambda tx: tx.require("Agent", "none"))


@pytest.mark.parametrize("looks_at_lists", [False, True])
async def test_nothing_of_a_failed_work_remains(
    store: Repository, record: Maker, put: Putter, looks_at_lists: bool
) -> None:
    kept = await put(store, "kept", labels={"l": "1"})
    await store.write(lambda tx: tx.append_events("aex-1", [("e1", b"")]))
    heard: list[object] = []
    store.add_listener(heard.append)

    def work(tx: Transaction) -> None:
        tx.put(replace(tx.require("Agent", "kept"), revision=tx.revision(), labels={"l": "2"}, body=b"new"))
        tx.enqueue("start", "a", b"")
        tx.append_events("aex-1", [("e2", b"")])
        if looks_at_lists:
            assert tx.list(ListQuery(labels={"l": "2"})).total == 1
            tx.put(record(tx, "a", request_id="r"))
            tx.delete("Agent", "kept")
            tx.delete_events("aex-1")
        raise Refused

    with pytest.raises(Refused):
        await store.write(work)
    assert (await store.list(ListQuery())).items == (kept,)
    assert (await store.list(ListQuery(labels={"l": "1"}))).total == 1
    assert await store.find_by_request_id("Agent", "local", "r") is None
    assert len(await store.events("aex-1")) == 1
    assert not await store.due_outbox(10, datetime.now(UTC) + timedelta(days=1))
    assert await store.revision() == 1
    assert len(await store.changes(0, 10)) == 1
    assert heard == []
    assert (await put(store, "b")).revision == 2


async def test_failing_works_among_many_fail_alone(store: Repository, record: Maker) -> None:
    def work(number: int) -> Callable[[Transaction], int]:
        def run(tx: Transaction) -> int:
            tx.put(record(tx, f"a{number}"))
            tx.append_events("aex-1", [(f"e{number}", b"")])
            if number % 7 == 0:
                tx.list(ListQuery())
            if number % 3 == 0:
                raise Refused(number)
            return number

        return run

    results = await asyncio.gather(*(store.write(work(n)) for n in range(60)), return_exceptions=True)
    for number, result in enumerate(results):
        assert result == number or (isinstance(result, Refused) and result.args == (number,))
    good = {f"a{number}" for number in range(60) if number % 3}
    assert {item.id for item in (await store.list(ListQuery(page_size=100))).items} == good
    assert [change.revision for change in await store.changes(0, 100)] == list(range(1, len(good) + 1))
    assert [event.sequence for event in await store.events("aex-1")] == list(range(1, len(good) + 1))


async def test_even_a_stop_iteration_reaches_the_caller(store: Repository) -> None:
    def work(_tx: Transaction) -> None:
        next(iter(()))

    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.write(work)
    assert await store.write(lambda tx: "alive") == "alive"


async def test_writes_are_serialised(store: Repository, put: Putter) -> None:
    await put(store, "counter", body=b"0")

    def increment(tx: Transaction) -> None:
        before = tx.require("Agent", "counter")
        tx.put(replace(before, revision=tx.revision(), body=str(int(before.body) + 1).encode()))

    await asyncio.gather(*(store.write(increment) for _ in range(100)))
    counter = await store.get("Agent", "counter")
    assert counter is not None
    assert (counter.body, counter.revision) == (b"100", 101)


async def test_a_reader_sees_a_write_as_soon_as_it_has_returned(store: Repository, put: Putter) -> None:
    async def write_and_read(id_: str) -> None:
        written = await put(store, id_)
        assert await store.get("Agent", id_) == written
        assert await store.revision() >= written.revision

    await asyncio.gather(*(write_and_read(f"a{number}") for number in range(50)))


async def test_a_slug_belongs_to_one_resource_of_a_kind_and_organisation(store: Repository, put: Putter) -> None:
    await put(store, "a", slug="s")
    with pytest.raises(SlugTaken, match="Agent local/s exists already: a") as caught:
        await put(store, "b", slug="s")
    assert caught.value.holder == "a"
    await put(store, "c", slug="s", org="other")
    await put(store, "d", slug="s", kind="Workflow")
    with pytest.raises(SlugTaken):
        await put(store, "c", slug="s")


async def test_a_slug_is_free_again_after_a_rename_and_after_a_deletion(store: Repository, put: Putter) -> None:
    await put(store, "a", slug="s")
    await put(store, "a", slug="t")
    await put(store, "b", slug="s")
    await store.write(lambda tx: tx.delete("Agent", "a"))
    await put(store, "c", slug="t")
    found = await store.find_by_slug("Agent", "local", "t")
    assert found is not None
    assert found.id == "c"


async def test_a_work_may_answer_a_taken_slug_with_another(store: Repository, record: Maker, put: Putter) -> None:
    await put(store, "a", slug="s")

    def work(tx: Transaction) -> None:
        try:
            tx.put(record(tx, "b", slug="s"))
        except SlugTaken:
            tx.put(record(tx, "b", slug="s-2"))

    await store.write(work)
    assert await store.find_by_slug("Agent", "local", "s-2")


async def test_resources_without_slug_or_request_id_do_not_collide(store: Repository, put: Putter) -> None:
    for id_ in ("a", "b"):
        await put(store, id_, slug="")
    assert (await store.list(ListQuery())).total == 2
    assert await store.find_by_slug("Agent", "local", "") is None
    assert await store.find_by_request_id("Agent", "local", "") is None


async def test_a_request_makes_one_resource(store: Repository, put: Putter) -> None:
    await put(store, "a", request_id="r")
    with pytest.raises(RequestIdTaken) as caught:
        await put(store, "b", request_id="r")
    assert caught.value.holder == "a"
    await put(store, "c", request_id="r", org="other")
    assert await store.find_by_request_id("Workflow", "local", "r") is None


async def test_a_record_of_another_revision_is_refused(store: Repository, put: Putter) -> None:
    with pytest.raises(InvalidValue, match=r"revision: is 7; it must be 1"):
        await put(store, "a", revision=7)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"id": ""}, "id"),
        ({"name": "a\0b"}, "name"),
        ({"slug": "s" * 513}, "slug"),
        ({"org": "ä" * 257}, "org"),
        ({"labels": {"k" * 513: ""}}, f"labels['{'k' * 513}']"),
        ({"fields": {"k": "v" * 1025}}, "fields['k']"),
        ({"updated_at": datetime(2026, 1, 1)}, "updated_at"),  # noqa: DTZ001 - the naive time is the point
    ],
)
async def test_what_no_database_can_keep_is_refused_by_name(
    store: Repository, put: Putter, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        await put(store, values.get("id", "a"), **values)
    assert caught.value.field == field


async def test_the_longest_texts_can_be_kept(store: Repository, put: Putter) -> None:
    letters = random.Random(7).choices(string.ascii_letters, k=1024)  # Postgres must not get by with compressing
    value, long = "".join(letters), "".join(letters[:512])
    names = {"kind": long, "org": long, "slug": long, "request_id": long}
    entries = {long: value}
    written = await put(store, long, **names, labels=entries, fields=entries)
    assert (await store.list(ListQuery(labels=entries, fields=entries))).items == (written,)


async def test_looking_for_what_cannot_be_kept_finds_nothing(store: Repository) -> None:
    assert await store.get("Agent", "a\0") is None
    assert await store.find_by_slug("Agent", "local", "a\0") is None
    assert (await store.list(ListQuery(text="a\0"))).total == 0


async def test_a_cancelled_caller_harms_nobody(store: Repository, put: Putter) -> None:
    tasks = [asyncio.create_task(put(store, f"a{n}")) for n in range(40)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, ResourceRecord) for result in results[1::2])
    stored = (await store.list(ListQuery(page_size=100))).items
    assert {item.id for item in stored} >= {f"a{n}" for n in range(1, 40, 2)}
    assert len(await store.changes(0, 100)) == len(stored) == await store.revision()


async def test_closing_finishes_the_writes_already_accepted(store: Repository, put: Putter) -> None:
    heard: list[object] = []
    store.add_listener(heard.extend)
    writes = [asyncio.create_task(put(store, f"a{n}")) for n in range(40)]
    await asyncio.sleep(0)
    await store.close()
    assert [result.revision for result in await asyncio.gather(*writes)] == list(range(1, 41))
    assert len(heard) == 40


async def test_a_closed_store_says_so(store: Repository) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreClosed):
        await store.write(lambda tx: None)
    with pytest.raises(StoreClosed):
        await store.get("Agent", "a")


def keep(tx: Transaction, record: ResourceRecord) -> ResourceRecord:
    """Put a record and hand it back."""
    tx.put(record)
    return record
