"""The repository on SQLite and Postgres: reads in a pool of threads, writes through the one writer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from stigmer_store import limits, lists, queries, retention
from stigmer_store.backup import BackupUnsupported, back_up
from stigmer_store.engine import READERS, Engines
from stigmer_store.errors import StoreClosed
from stigmer_store.failures import translate
from stigmer_store.feed import Feed
from stigmer_store.gets import Gets
from stigmer_store.listeners import Listeners
from stigmer_store.notices import Notices
from stigmer_store.records import Change, EventRecord, ListQuery, OutboxItem, Page, ResourceRecord
from stigmer_store.repository import GapListener, Listener, Transaction
from stigmer_store.retention import retention_of
from stigmer_store.totals import Totals
from stigmer_store.transaction import SqlTransaction
from stigmer_store.writer import Writer

T = TypeVar("T")


class SqlRepository:
    """A Repository over two engines; the database is migrated already."""

    def __init__(self, engines: Engines, revision: int) -> None:
        """`revision`: the current one; listeners hear what comes after it."""
        self._engines = engines
        self._listeners = Listeners()
        self._feed = Feed(self._listeners, revision)
        self._writer = Writer(engines, self._listeners, self._feed)
        self._notices = Notices(engines.connect_listener, self._writer.hear) if engines.shared else None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="stigmer-store-reader")
        self._totals = Totals()
        self._gets = Gets(lambda keys: self._read(partial(queries.get_several, keys=keys)))
        self._closed = False

    @property
    def url(self) -> str:
        """Where the data is, without any password."""
        return self._engines.url.render_as_string(hide_password=True)

    def write(self, work: Callable[[Transaction], T]) -> Coroutine[Any, Any, T]:
        """Run `work` in one atomic transaction; see the protocol."""
        return self._writer.submit(work)

    async def get(self, kind: str, id: str) -> ResourceRecord | None:  # noqa: A002 - the field is called id
        """The resource, or None."""
        return await self._gets.get((kind, id))

    async def find_by_slug(self, kind: str, org: str, slug: str) -> ResourceRecord | None:
        """The resource with this slug, or None."""
        return await self._read(lambda connection: queries.find_by_slug(connection, kind, org, slug))

    async def find_by_request_id(self, kind: str, org: str, request_id: str) -> ResourceRecord | None:
        """The resource that this request made, or None."""
        return await self._read(lambda connection: queries.find_by_request_id(connection, kind, org, request_id))

    async def list(self, query: ListQuery) -> Page:
        """One page of one moment. Raises BadPageToken, InvalidValue."""
        return await self._read(
            lambda connection: lists.list_page(connection, query, queries.revision(connection), self._totals)
        )

    async def events(self, execution_id: str, after_sequence: int = 0, limit: int = 1000) -> Sequence[EventRecord]:
        """At most `limit` events with a greater sequence, in order."""
        return await self._read(lambda connection: queries.events(connection, execution_id, after_sequence, limit))

    async def revision(self) -> int:
        """The revision of the last committed transaction that wrote resources."""
        return await self._read(queries.revision)

    async def changes(self, after: int, limit: int) -> Sequence[Change]:
        """The changes with a greater revision, in order, no revision split. Raises RevisionCompacted."""
        return await self._read(lambda connection: queries.changes(connection, after, limit))

    async def compact(
        self, keep_count: int, keep_age: timedelta, *, max_bytes: int | None = None, now: datetime | None = None
    ) -> int:
        """Forget old changes, some thousands at a time; returns the oldest revision to read after."""
        keep = retention_of(keep_count, keep_age, max_bytes, now)
        last = await self._read(lambda connection: retention.last_to_forget(connection, keep))
        while (reached := await self._writer.submit(partial(_forget, up_to=last))) < last:
            pass
        return reached

    async def backup(self, path: Path) -> int:
        """Copy a SQLite store to a file, consistently; returns its revision. Raises BackupUnsupported for Postgres."""
        if self._closed:
            raise StoreClosed("the store is closed")
        if self._engines.shared:
            raise BackupUnsupported("Postgres has its own tools for that: use pg_dump")
        return await asyncio.to_thread(back_up, self._engines.readers, path)

    async def due_outbox(self, limit: int, now: datetime) -> Sequence[OutboxItem]:
        """At most `limit` items whose time has come, the longest due first."""
        limits.check_time("now", now)
        return await self._read(lambda connection: queries.due_outbox(connection, limit, now))

    async def complete_outbox(self, ids: Sequence[int]) -> None:
        """Remove items that are done."""
        await self.write(lambda transaction: transaction.complete_outbox(ids))

    async def postpone_outbox(self, id: int, not_before: datetime, error: str) -> None:  # noqa: A002 - as above
        """Count a failed attempt and try again later."""
        await self.write(lambda transaction: transaction.postpone_outbox(id, not_before, error))

    def add_listener(self, listener: Listener, on_gap: GapListener | None = None) -> Callable[[], None]:
        """Call `listener` with the changes of each committed transaction; see the protocol."""
        with contextlib.suppress(RuntimeError):  # outside a loop the first write decides
            self._feed.bind(asyncio.get_running_loop())
        return self._listeners.add(listener, on_gap)

    async def close(self) -> None:
        """Finish the writes already accepted, then release everything."""
        self._closed = True
        self._writer.close()
        await asyncio.to_thread(self._release)

    def _release(self) -> None:
        if self._notices is not None:
            self._notices.close()
        self._writer.join()
        self._readers.shutdown()
        self._engines.dispose()

    async def _read(self, query: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StoreClosed("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run_read, query)

    def _run_read(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._engines.readers.connect() as connection:
                return query(connection)
        except SQLAlchemyError as error:
            raise translate(error) from error


def _forget(transaction: Transaction, up_to: int) -> int:
    assert isinstance(transaction, SqlTransaction)  # noqa: S101 - the writer of this repository makes no other
    return transaction.forget_changes(up_to)
