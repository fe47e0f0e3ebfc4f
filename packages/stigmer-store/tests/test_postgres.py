"""A database that can go away."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from stigmer_store import ResourceRecord, StoreError, StoreFull, StoreUnavailable, Transaction, open_repository
from stigmer_store.sql import SqlRepository
from stigmer_store.transaction import SqlTransaction

Maker = Callable[..., ResourceRecord]
Grouper = Callable[..., Coroutine[Any, Any, list[Any]]]
Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[SqlRepository]:
    """An empty store in Postgres."""
    store = open_repository(postgres_url)
    assert isinstance(store, SqlRepository)
    yield store
    await store.close()


def cut_connections(url: str) -> None:
    """End every other session of this database."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"))
    engine.dispose()


async def test_connections_lost_while_idle_are_replaced(store: SqlRepository, postgres_url: str, put: Putter) -> None:
    await put(store, "a")
    assert await store.get("Agent", "a")
    cut_connections(postgres_url)
    await put(store, "b")
    assert await store.get("Agent", "b")


async def test_a_connection_lost_in_a_transaction_fails_it_and_the_next_one_works(
    store: SqlRepository, postgres_url: str, record: Maker, put: Putter
) -> None:
    def work(tx: Transaction) -> None:
        tx.put(record(tx, "a"))
        cut_connections(postgres_url)

    with pytest.raises(StoreUnavailable):
        await store.write(work)
    assert await store.revision() == 0
    await put(store, "b")
    assert await store.revision() == 1


DISK_FULL = sa.text("DO $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$")


async def test_a_full_disk_is_told_as_one(store: SqlRepository, put: Putter) -> None:
    def work(tx: Transaction) -> None:
        assert isinstance(tx, SqlTransaction)
        tx._group.database.execute(DISK_FULL)

    with pytest.raises(StoreFull, match="no space left"):
        await store.write(work)
    assert (await put(store, "a")).revision == 1


async def test_a_work_cannot_swallow_an_error_of_the_database(store: SqlRepository, as_one_group: Grouper) -> None:
    """Postgres rolls such a transaction back while it seems to commit it."""

    def stubborn(tx: Transaction) -> str:
        assert isinstance(tx, SqlTransaction)
        with contextlib.suppress(sa.exc.DBAPIError):
            tx._group.database.execute(DISK_FULL)
        return "all is well"

    refused, other = await as_one_group(store, [stubborn, lambda tx: tx.enqueue("start", "a", b"")])
    assert isinstance(refused, StoreFull)
    assert other is None
    assert len(await store.due_outbox(10, datetime.now(UTC) + timedelta(hours=1))) == 1


def test_a_missing_driver_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"stigmer-store\[postgres\]"):
        open_repository("postgresql+psycopg://stigmer@/none")


async def test_the_url_shows_no_password(postgres_url: str) -> None:
    store = open_repository(postgres_url.replace("stigmer@", "stigmer:secret@"))
    assert "secret" not in store.url
    await store.close()


async def test_a_url_without_a_driver_works_too(postgres_url: str) -> None:
    store = open_repository(postgres_url.replace("+psycopg", ""))
    assert await store.revision() == 0
    await store.close()


def test_a_server_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_repository(f"postgresql+psycopg://stigmer@/none?host={tmp_path}")
