"""Group commit, a full disk, and what else is particular to the file store."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from stigmer_store import (
    ListQuery,
    Repository,
    ResourceRecord,
    StoreError,
    StoreFull,
    StoreUnavailable,
    Transaction,
    lists,
    open_repository,
)
from stigmer_store.sql import SqlRepository

Maker = Callable[..., ResourceRecord]
Grouper = Callable[..., Coroutine[Any, Any, list[Any]]]
Holder = Callable[[Repository], contextlib.AbstractAsyncContextManager[None]]
Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]
PageLimit = Callable[[SqlRepository, int], None]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlRepository]:
    """An empty store in a file."""
    store = open_repository(f"sqlite:///{tmp_path}/stigmer.db")
    assert isinstance(store, SqlRepository)
    yield store
    await store.close()


def count_commits(store: SqlRepository) -> list[object]:
    """A list that grows with each commit of the writer."""
    commits: list[object] = []
    event.listen(store._engines.writer, "commit", commits.append)
    return commits


async def test_what_waits_is_committed_together(store: SqlRepository, record: Maker, as_one_group: Grouper) -> None:
    commits = count_commits(store)
    works = [lambda tx, n=n: tx.put(record(tx, f"a{n}")) for n in range(64)]
    assert await as_one_group(store, [*works]) == [None] * 64
    assert len(commits) == 2, "one for the work in front, one for all 64"
    assert await store.revision() == 64


async def test_a_write_is_synced_to_the_disk_before_it_returns(store: SqlRepository) -> None:
    with store._engines.writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


async def test_nothing_that_is_deleted_stays_readable_in_the_file(
    store: SqlRepository, put: Putter, tmp_path: Path
) -> None:
    made = await put(store, "a", body=b"a clear word " * 400)
    await store.write(lambda tx: tx.delete(made.kind, "a"))
    await store.compact(0, timedelta(0))
    await store.close()  # the last connection takes the log into the file
    assert b"a clear word" not in (tmp_path / "stigmer.db").read_bytes()


async def test_a_work_whose_caller_gave_up_before_it_began_is_not_run(store: SqlRepository, busy: Holder) -> None:
    ran: list[str] = []
    async with busy(store):
        abandoned = asyncio.ensure_future(store.write(lambda tx: ran.append("abandoned")))
        wanted = asyncio.ensure_future(store.write(lambda tx: ran.append("wanted")))
        await asyncio.sleep(0)
        abandoned.cancel()
        await asyncio.sleep(0)
    await wanted
    assert ran == ["wanted"]


async def test_works_see_the_waiting_writes_of_those_before_them(
    store: SqlRepository, put: Putter, as_one_group: Grouper
) -> None:
    await put(store, "a", labels={"l": "0"})

    def update(tx: Transaction) -> bytes:
        before = tx.require("Agent", "a")
        tx.put(replace(before, revision=tx.revision(), body=before.body + b"+", labels={"l": "1"}))
        tx.append_events("aex-1", [(f"e{tx.revision()}", b"")])
        return before.body

    def look(tx: Transaction) -> Any:
        found = tx.find_by_slug("Agent", "local", "a")
        return found and found.body, tx.next_event_sequence("aex-1")

    def look_at_lists(tx: Transaction) -> Any:
        return [item.body for item in tx.list(ListQuery(labels={"l": "1"})).items]

    def rename(tx: Transaction) -> None:
        tx.put(replace(tx.require("Agent", "a"), revision=tx.revision(), slug="b"))

    def remove(tx: Transaction) -> Any:
        gone = tx.delete("Agent", "a")
        return gone and (gone.slug, gone.body)

    works = [update, look, update, look_at_lists, rename, update, remove, look]
    assert await as_one_group(store, works) == [
        b"a",
        (b"a+", 2),
        b"a+",
        [b"a++"],
        None,
        b"a++",
        ("b", b"a+++"),
        (None, 4),
    ]
    operations = [change.operation for change in await store.changes(1, 10)]
    assert operations == ["updated", "updated", "updated", "updated", "deleted"]


async def test_a_full_disk_fails_only_what_does_not_fit_and_heals(
    store: SqlRepository, record: Maker, as_one_group: Grouper, limit_pages: PageLimit
) -> None:
    limit_pages(store, 64)
    heard: list[Any] = []
    store.add_listener(heard.extend)

    def put(id_: str, size: int) -> Callable[[Transaction], None]:
        return lambda tx: tx.put(record(tx, id_, body=b"x" * size))

    works = [put("a", 10), put("huge", 1_000_000), put("b", 10)]
    first, refused, second = await as_one_group(store, [*works])
    assert (first, second) == (None, None)
    assert isinstance(refused, StoreFull)
    assert "full" in str(refused)
    assert [change.id for change in heard] == ["a", "b"]
    assert [change.revision for change in await store.changes(0, 10)] == [1, 2]

    limit_pages(store, 1_000_000)
    await store.write(put("huge", 1_000_000))
    assert [change.id for change in heard] == ["a", "b", "huge"]


async def test_a_waiting_write_that_does_not_fit_fails_too(
    store: SqlRepository, put: Putter, as_one_group: Grouper, limit_pages: PageLimit
) -> None:
    await put(store, "a")
    limit_pages(store, 64)

    def grow(tx: Transaction) -> None:
        tx.put(replace(tx.require("Agent", "a"), revision=tx.revision(), body=b"x" * 1_000_000))

    results = await as_one_group(store, [grow, lambda tx: tx.append_events("aex-1", [("e", b"x" * 1_000_000)])])
    assert [type(result) for result in results] == [StoreFull, StoreFull]
    kept = await store.get("Agent", "a")
    assert kept is not None
    assert (kept.body, await store.revision()) == (b"a", 1)


async def test_a_work_cannot_swallow_an_error_of_the_database(
    store: SqlRepository, record: Maker, as_one_group: Grouper, limit_pages: PageLimit
) -> None:
    """After some errors SQLite has taken the whole transaction back: an acknowledgement would be a lie."""
    limit_pages(store, 64)

    def stubborn(tx: Transaction) -> str:
        with contextlib.suppress(sa.exc.DBAPIError):
            tx.put(record(tx, "huge", body=b"x" * 1_000_000))
        return "all is well"

    refused, other = await as_one_group(store, [stubborn, lambda tx: tx.put(record(tx, "a"))])
    assert isinstance(refused, StoreFull)
    assert other is None
    assert (await store.list(ListQuery())).total == await store.revision() == 1


@pytest.mark.parametrize("value", [{"body": object()}, {"name": "\ud800"}])
async def test_a_value_that_the_database_refuses_fails_alone(
    store: SqlRepository, record: Maker, put: Putter, value: dict[str, Any], as_one_group: Grouper
) -> None:
    await put(store, "a")
    works: list[Callable[[Transaction], Any]] = [
        lambda tx: tx.put(record(tx, "b")),
        lambda tx: tx.put(replace(tx.require("Agent", "a"), revision=tx.revision(), **value)),
        lambda tx: tx.put(record(tx, "c")),  # tells the database what waits, and is not to blame for it
    ]
    first, refused, second = await as_one_group(store, works)
    assert (first, second) == (None, None)
    assert isinstance(refused, Exception)
    assert [change.id for change in await store.changes(0, 10)] == ["a", "b", "c"]


async def test_no_fault_of_the_writer_leaves_a_caller_waiting(
    store: SqlRepository, put: Putter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(_jobs: object) -> None:
        raise KeyError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(store._writer, "_transact", fault)
        with pytest.raises(KeyError, match="a fault"):
            await put(store, "a")
    assert (await put(store, "b")).revision == 1


async def test_a_repository_belongs_to_one_event_loop(store: SqlRepository) -> None:
    await store.write(lambda tx: None)

    async def elsewhere() -> None:
        await store.write(lambda tx: None)

    with pytest.raises(StoreError, match="event loop"):
        await asyncio.to_thread(asyncio.run, elsewhere())


async def test_another_process_holding_the_file_delays_but_does_not_break(store: SqlRepository, put: Putter) -> None:
    other = sa.create_engine(store._engines.url)
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        write = asyncio.ensure_future(put(store, "a"))
        assert await store.get("Agent", "a") is None, "readers do not wait"
        connection.exec_driver_sql("COMMIT")
    await asyncio.wait_for(write, 20)
    other.dispose()


def test_missing_directories_are_made_for_the_owner_only(tmp_path: Path) -> None:
    store = open_repository(f"sqlite:///{tmp_path}/home/data/stigmer.db")
    asyncio.run(store.close())
    assert (tmp_path / "home" / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "no URL; use sqlite:///FILE"),
        ("mysql://localhost/x", "mysql is not supported"),
        ("postgresql+psycopg2://localhost/x", "not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("memory://x", "not supported"),
    ],
)
def test_a_url_that_names_no_store_is_refused_with_the_ways_out(url: str, says: str) -> None:
    with pytest.raises(StoreError, match="memory://") as caught:
        open_repository(url)
    assert says in str(caught.value)


def test_a_place_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "stigmer.db", tmp_path):
        with pytest.raises(StoreUnavailable):
            open_repository(f"sqlite:///{place}")


def test_a_file_of_another_sort_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "stigmer.db").write_text("not a database, and long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_repository(f"sqlite:///{tmp_path}/stigmer.db")


@pytest.mark.parametrize(
    "query",
    [
        ListQuery(kinds=("Agent",)),
        ListQuery(kinds=("Agent",), org="local", newest_first=True),
        ListQuery(kinds=("Agent",), labels={"team": "red"}),
        ListQuery(kinds=("Agent",), labels={"team": "red"}, fields={"phase": "DONE"}, org="local", newest_first=True),
    ],
)
async def test_the_first_matches_of_a_kind_are_walked_and_not_sorted(
    store: SqlRepository, tmp_path: Path, query: ListQuery
) -> None:
    connection = sqlite3.connect(tmp_path / "stigmer.db")
    walk = lists._walk(query, list(lists._entries(query)), query.kinds, None)
    text = str(walk.compile(dialect=sqlite_dialect(), compile_kwargs={"literal_binds": True}))
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    connection.close()
    assert plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
