"""What only a store that outlives its process has to show, on SQLite and Postgres."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stigmer_store import ListQuery, Repository, ResourceRecord, StoreTooNew, Transaction, open_repository
from stigmer_store.tables import metadata

Maker = Callable[..., ResourceRecord]
Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]

pytestmark = pytest.mark.parametrize("place", ["sqlite", "postgres"], indirect=True)

WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from stigmer_store import ResourceRecord, open_repository

async def main(url, name, count):
    store = open_repository(url)

    async def write(id_):
        def work(tx):
            now = datetime.now(UTC)
            fields = {"phase": "PENDING"}
            tx.put(ResourceRecord("Agent", id_, "local", id_, id_, tx.revision(), now, now, b"x" * 3000, {}, fields))
            tx.append_events("aex-1", [(id_, b"")])
            tx.enqueue("start", id_, b"")
        await store.write(work)
        print(id_, flush=True)

    async def writer(number):
        for index in range(count):
            await write(f"{name}-{number}-{index}")

    await asyncio.gather(*map(writer, range(16)))
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def start_writer(url: str, name: str, count: int) -> subprocess.Popen[str]:
    """A process with 16 writers that prints each id once its write is acknowledged."""
    command = [sys.executable, "-c", WRITER, url, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def test_reopening_keeps_everything(backend: Any, record: Maker, put: Putter) -> None:
    first = backend.open()

    def work(tx: Transaction) -> None:
        tx.put(record(tx, "a", labels={"l": "1"}, fields={"f": "2"}, request_id="r"))
        tx.enqueue("start", "a", b"payload")
        tx.append_events("aex-1", [("e1", b"body")])

    await first.write(work)
    await put(first, "b")
    await first.write(lambda tx: tx.delete("Agent", "b"))
    before = await snapshot(first)
    await first.close()
    second = backend.open()
    assert await snapshot(second) == before
    assert (await put(second, "c")).revision == 4


async def test_two_repositories_on_one_database_share_one_order(backend: Any, put: Putter) -> None:
    stores: list[Repository] = [backend.open(), backend.open()]
    await put(stores[0], "counter", body=b"0")

    def increment(tx: Transaction) -> None:
        before = tx.require("Agent", "counter")
        tx.put(replace(before, revision=tx.revision(), body=str(int(before.body) + 1).encode()))

    await asyncio.gather(*(stores[number % 2].write(increment) for number in range(60)))
    for store in stores:
        counter = await store.get("Agent", "counter")
        assert counter is not None
        assert (counter.body, counter.revision) == (b"60", 61)
    assert [change.revision for change in await stores[1].changes(0, 100)] == list(range(1, 62))


async def test_opening_a_fresh_database_from_many_sides_migrates_once(backend: Any, put: Putter) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores: list[Repository] = list(pool.map(lambda _: backend.open(), range(4)))
    for number, store in enumerate(stores):
        await put(store, f"a{number}")
    assert await stores[0].revision() == 4


async def test_processes_that_open_a_fresh_database_at_once_all_succeed(backend: Any) -> None:
    writers = [start_writer(backend.url, f"p{number}", 1) for number in range(4)]
    outputs = [writer.communicate(timeout=60)[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert [len(output) for output in outputs] == [16] * 4
    store = backend.open()
    assert await store.revision() == (await store.list(ListQuery())).total == 64


async def test_killing_the_process_loses_no_acknowledged_write(backend: Any) -> None:
    writer = start_writer(backend.url, "p", 10_000)
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline().strip() for _ in range(300)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += writer.communicate(timeout=60)[0].split("\n")[1:-1]  # the first and the last may be torn

    store = backend.open()
    changes = await store.changes(0, 1_000_000)
    stored = [change.id for change in changes]
    assert set(acknowledged) <= set(stored)
    assert [change.revision for change in changes] == list(range(1, await store.revision() + 1))
    assert (await store.list(ListQuery(fields={"phase": "PENDING"}))).total == len(stored)
    events = await store.events("aex-1", 0, 1_000_000)
    assert [(event.sequence, event.event_id) for event in events] == list(enumerate(stored, 1))
    due = await store.due_outbox(1_000_000, datetime.now(UTC) + timedelta(hours=1))
    assert sorted(item.key for item in due) == sorted(stored)


async def test_opening_a_current_database_changes_nothing(backend: Any) -> None:
    await backend.open().close()
    before = schema(backend.url)
    await backend.open().close()
    assert schema(backend.url) == before


async def test_the_migrated_tables_are_the_tables_of_the_code(backend: Any) -> None:
    backend.open()
    engine = sa.create_engine(backend.url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_a_database_of_a_later_version_is_left_alone(backend: Any) -> None:
    await backend.open().close()
    engine = sa.create_engine(backend.url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreTooNew, match="version 9999"):
        open_repository(backend.url)


async def test_readers_cannot_write(backend: Any) -> None:
    store = backend.open()
    with pytest.raises(sa.exc.DBAPIError), store._engines.readers.connect() as connection:
        connection.execute(sa.text("DELETE FROM resources"))


async def snapshot(store: Repository) -> list[Any]:
    """Everything a reader can see."""
    return [
        await store.revision(),
        (await store.list(ListQuery())).items,
        await store.find_by_request_id("Agent", "local", "r"),
        await store.changes(0, 100),
        await store.events("aex-1"),
        await store.due_outbox(10, datetime.now(UTC) + timedelta(hours=1)),
    ]


def schema(url: str) -> dict[str, Any]:
    """Tables, columns and the Alembic version."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
        inspector = sa.inspect(connection)
        tables = {name: str(inspector.get_columns(name)) for name in inspector.get_table_names()}
    engine.dispose()
    return {**tables, "version": version}


def keep(tx: Transaction, record: ResourceRecord) -> ResourceRecord:
    """Put a record and hand it back."""
    tx.put(record)
    return record
