"""The one thread that writes: it commits everything that is waiting with a single sync of the disk.

It also is the one that moves the feed of the listeners forward, so that own and foreign commits have one order.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from stigmer_store import driver, queries, statements
from stigmer_store.ahead import Ahead
from stigmer_store.engine import Engines
from stigmer_store.errors import StoreClosed
from stigmer_store.failures import translate
from stigmer_store.feed import Feed
from stigmer_store.jobs import Batch, Job
from stigmer_store.listeners import Listeners
from stigmer_store.pending import PendingWrites
from stigmer_store.recent import Recent
from stigmer_store.repository import Transaction
from stigmer_store.transaction import Group, SqlTransaction

T = TypeVar("T")

_NO_EPOCH = -1

MAX_GROUP = 256
"""About the most transactions in one commit: bounds how long the first of them waits for the last."""


@dataclass(frozen=True, slots=True)
class _News:
    """Another process has committed this revision, or perhaps something."""

    revision: int | None


class _GroupFailed(Exception):
    """The database refused something, so nothing of the group was committed."""


class _ConnectionLost(Exception):
    """The database went away; whether a commit under way has happened is not known."""


class Writer:
    """Runs works in groups: each is atomic by itself, all of a group become durable together."""

    def __init__(self, engines: Engines, listeners: Listeners, feed: Feed) -> None:
        self._engine = engines.writer
        self._readers = engines.readers
        self._listeners = listeners
        self._feed = feed
        self._recent = Recent()
        self._queue: queue.SimpleQueue[Batch | _News | None] = queue.SimpleQueue()
        self._ahead = Ahead(self._queue.put, self._recent, MAX_GROUP, alone=not engines.shared)
        self._epoch = 0  # counts how often something went otherwise than works on the event loop could assume
        self._closed = False
        self._database_error: BaseException | None = None
        driver.hear_errors(self._engine, self._note_error)
        self._thread = threading.Thread(target=self._run, name="stigmer-store-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[Transaction], T]) -> T:
        """Run a work and return what it returned, once that is durable."""
        if self._closed:
            raise StoreClosed("the store is closed")
        loop = asyncio.get_running_loop()
        self._feed.bind(loop)
        future: asyncio.Future[T] = loop.create_future()
        self._ahead.add(loop, Job(work, future))
        return await future

    def hear(self, revision: int | None) -> None:
        """Another process has committed this revision (None: perhaps something); let listeners hear of it."""
        self._queue.put(_News(revision))

    def close(self) -> None:
        """Take no more works; those already taken are still done."""
        if not self._closed:
            self._closed = True
            self._ahead.flush()
            self._queue.put(None)

    def join(self) -> None:
        """Wait until the last work is done."""
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            batches, news, closing = self._take()
            if batches:
                self._do(batches)
            for each in news:
                self._catch_up(each)

    def _take(self) -> tuple[list[Batch], list[_News], bool]:
        """Wait for works or news, then take along what has come behind them; whether that was the last of all."""
        batches: list[Batch] = []
        news: list[_News] = []
        jobs, taken = 0, self._queue.get()
        while taken is not None:
            if isinstance(taken, _News):
                news.append(taken)
            else:
                batches.append(taken)
                jobs += len(taken.jobs)
            if jobs >= MAX_GROUP:
                return batches, news, False
            try:
                taken = self._queue.get_nowait()
            except queue.Empty:
                return batches, news, False
        return batches, news, True

    def _catch_up(self, news: _News) -> None:
        """Let listeners hear what others have committed; groups of own works do the same on their way."""
        if not self._feed.bound or (news.revision is not None and news.revision <= self._feed.handed):
            return
        try:
            with self._readers.connect() as connection:
                self._feed.catch_up(connection, queries.revision(connection))
        except SQLAlchemyError:
            return  # the database is away: there will be news once it is back

    def _do(self, batches: Sequence[Batch]) -> None:
        try:
            self._commit(batches)
        except Exception as error:  # noqa: BLE001 - a dead writer would leave every caller waiting for ever
            left = [job for batch in batches for job in batch.jobs if not job.handed_back]
            for job in left:
                job.fail(error)
            self._epoch += 1
            self._hand_back(left, None)

    def _commit(self, batches: Sequence[Batch]) -> None:
        """Commit all together; when the database refuses, each alone, so that only the guilty ones fail."""
        jobs = [job for batch in batches for job in batch.jobs]
        revision = None
        try:
            revision = self._transact(batches)
        except _GroupFailed as failed:
            self._epoch += 1
            if len(jobs) > 1:
                for job in jobs:
                    self._commit([Batch([job], epoch=_NO_EPOCH)])
                return
            jobs[0].fail(_told(failed.__cause__ or failed))
        except _ConnectionLost as lost:
            self._epoch += 1
            for job in jobs:
                job.fail(_told(lost.__cause__ or lost))
        self._hand_back(jobs, revision)

    def _transact(self, batches: Sequence[Batch]) -> int:
        """Returns the revision at which the store is then."""
        try:
            connection = self._engine.connect()
        except Exception as error:
            raise _ConnectionLost from error
        with connection:
            started = False
            try:
                self._database_error = None
                connection.begin()
                revision, log_bytes = statements.lock_revision(connection)
                group = Group(connection, revision, PendingWrites(log_bytes=log_bytes), self._recent)
                self._feed.catch_up(connection, group.revision)
                started = True
                ran = self._fill(group, batches)
                connection.commit()
                if ran and group.recent is self._recent:
                    self._recent.committed(group.written, group.revision)
            except Exception as error:  # noqa: BLE001 - whatever it is, the callers get it as the cause
                cause = self._database_error or error
                lost = isinstance(cause, DBAPIError) and cause.connection_invalidated
                raise (_ConnectionLost if lost or not started else _GroupFailed) from cause
        return group.revision

    def _fill(self, group: Group, batches: Sequence[Batch]) -> bool:
        """Do all works and tell the database the outcome; returns whether any had to be run here."""
        before, connection, ran = group.revision, group.database, False
        for batch in batches:
            for job in self._still_to_run(group, batch):
                ran = True
                self._run_work(group, job)
                if self._database_error is not None:
                    raise _GroupFailed
        group.flush()
        if group.revision != before:
            statements.set_revision(connection, group.revision, group.pending.log_bytes)
            if connection.dialect.name == "postgresql":
                statements.notify(connection, group.revision)
        return ran

    def _still_to_run(self, group: Group, batch: Batch) -> list[Job]:
        """Take over what was done ahead; returns what is left to do, which is all when wrong things were assumed."""
        as_assumed = batch.epoch == self._epoch
        if as_assumed and batch.ahead is not None and batch.base != group.revision:
            as_assumed = False
            self._epoch += 1
        if not as_assumed:
            group.recent = Recent()  # the event loop may be using the other
        rest = batch.jobs[batch.done if as_assumed else 0 :]
        if rest and group.recent is self._recent:
            self._recent.begin(group.revision)
        if as_assumed and batch.ahead is not None:
            group.take(batch.ahead)
        for job in rest:
            job.forget()
        return [job for job in rest if not job.future.cancelled()]

    def _run_work(self, group: Group, job: Job) -> None:
        """Isolated from the failures of the others."""
        transaction = SqlTransaction(group)
        if job.run(transaction):
            job.changes = transaction.commit()
        elif self._database_error is None:
            transaction.rollback()

    def _hand_back(self, jobs: Sequence[Job], revision: int | None) -> None:
        """Tell listeners and callers; what was committed is known to be newer than all handed over before."""
        for job in jobs:
            job.handed_back = True
        newest = max((change.revision for job in jobs for change in job.changes[-1:]), default=0)
        epoch = self._epoch
        self._feed.hand_over(lambda: self._deliver(jobs, revision, epoch), newest)

    def _deliver(self, jobs: Sequence[Job], revision: int | None, epoch: int) -> None:
        for job in jobs:
            self._listeners.publish(job.changes)
            job.settle()
        self._ahead.come_back(len(jobs), revision, epoch)

    def _note_error(self, error: BaseException) -> None:
        """Remember the first error of a group, also one that a work catches.

        The database may have taken the whole transaction back because of it, so nothing of the group may be
        acknowledged.
        """
        if self._database_error is None:
            self._database_error = error


def _told(error: BaseException) -> BaseException:
    """The error for the caller: database errors become store errors."""
    if not isinstance(error, SQLAlchemyError):
        return error
    told = translate(error)
    told.__cause__ = error
    return told
