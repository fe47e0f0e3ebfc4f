"""The one thread that writes: it commits everything that is waiting with a single sync of the disk.

It also is the one that moves the feed of the listeners forward, so that own and foreign commits have one order.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from stigmer_store import queries, statements
from stigmer_store.engine import Engines
from stigmer_store.errors import StoreClosed
from stigmer_store.failures import translate
from stigmer_store.feed import Feed
from stigmer_store.following import UNKNOWN, Follower, processor
from stigmer_store.gathering import Gathering
from stigmer_store.listeners import Listeners
from stigmer_store.pending import PendingWrites
from stigmer_store.recent import Recent
from stigmer_store.records import Change
from stigmer_store.repository import Transaction
from stigmer_store.transaction import Group, SqlTransaction

T = TypeVar("T")

MAX_GROUP = 256
"""About the most transactions in one commit: bounds how long the first of them waits for the last."""


@dataclass(slots=True)
class _Job:
    """One work, who waits for it, and how it went."""

    work: Callable[[Transaction], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    changes: Sequence[Change] = ()
    handed_back: bool = False

    def fail(self, error: BaseException) -> None:
        """Note that nothing of it was kept."""
        self.result, self.error, self.changes = None, error, ()
        if isinstance(error, StopIteration):  # no future takes one: awaiting it would look like an ordinary end
            self.error = RuntimeError("a work raised StopIteration")
            self.error.__cause__ = error

    def settle(self) -> None:
        """Tell the caller; one that was cancelled meanwhile no longer listens."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


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
        self._queue: queue.SimpleQueue[list[_Job] | _News | None] = queue.SimpleQueue()
        self._gathering: Gathering[_Job] = Gathering(self._hand_over, MAX_GROUP)
        self._loop_at = UNKNOWN  # the processor of the event loop
        self._closed = False
        self._database_error: BaseException | None = None
        event.listen(self._engine, "handle_error", self._note_error)
        self._thread = threading.Thread(target=self._run, name="stigmer-store-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[Transaction], T]) -> T:
        """Run a work and return what it returned, once that is durable."""
        if self._closed:
            raise StoreClosed("the store is closed")
        loop = asyncio.get_running_loop()
        self._feed.bind(loop)
        future: asyncio.Future[T] = loop.create_future()
        self._gathering.add(loop, _Job(work, future))
        return await future

    def _hand_over(self, jobs: list[_Job]) -> None:
        self._loop_at = processor()
        self._queue.put(jobs)

    def hear(self, revision: int | None) -> None:
        """Another process has committed this revision (None: perhaps something); let listeners hear of it."""
        self._queue.put(_News(revision))

    def close(self) -> None:
        """Take no more works; those already taken are still done."""
        if not self._closed:
            self._closed = True
            self._gathering.flush()
            self._queue.put(None)

    def join(self) -> None:
        """Wait until the last work is done."""
        self._thread.join()

    def _run(self) -> None:
        closing, follower = False, Follower()
        while not closing:
            jobs, news, closing = self._take()
            follower.go_to(self._loop_at)
            if jobs:
                self._do(jobs)
            for each in news:
                self._catch_up(each)

    def _take(self) -> tuple[list[_Job], list[_News], bool]:
        """Wait for works or news, then take along what has come behind them; whether that was the last of all."""
        jobs: list[_Job] = []
        news: list[_News] = []
        taken = self._queue.get()
        while taken is not None:
            if isinstance(taken, _News):
                news.append(taken)
            else:
                jobs += [job for job in taken if not job.future.cancelled()]
            if len(jobs) >= MAX_GROUP:
                return jobs, news, False
            try:
                taken = self._queue.get_nowait()
            except queue.Empty:
                return jobs, news, False
        return jobs, news, True

    def _catch_up(self, news: _News) -> None:
        """Let listeners hear what others have committed; groups of own works do the same on their way."""
        if not self._feed.bound or (news.revision is not None and news.revision <= self._feed.handed):
            return
        try:
            with self._readers.connect() as connection:
                self._feed.catch_up(connection, queries.revision(connection))
        except SQLAlchemyError:
            return  # the database is away: there will be news once it is back

    def _do(self, jobs: Sequence[_Job]) -> None:
        try:
            self._commit(jobs)
        except Exception as error:  # noqa: BLE001 - a dead writer would leave every caller waiting for ever
            left = [job for job in jobs if not job.handed_back]
            for job in left:
                job.fail(error)
            self._hand_back(left)

    def _commit(self, jobs: Sequence[_Job]) -> None:
        """Commit all together; when the database refuses, each alone, so that only the guilty ones fail."""
        try:
            self._transact(jobs)
        except _GroupFailed as failed:
            if len(jobs) > 1:
                for job in jobs:
                    self._commit([job])
                return
            jobs[0].fail(_told(failed.__cause__ or failed))
        except _ConnectionLost as lost:
            for job in jobs:
                job.fail(_told(lost.__cause__ or lost))
        self._hand_back(jobs)

    def _transact(self, jobs: Sequence[_Job]) -> None:
        try:
            connection = self._engine.connect()
        except Exception as error:
            raise _ConnectionLost from error
        with connection:
            started = False
            try:
                self._database_error = None
                revision, log_bytes = statements.lock_revision(connection)
                self._recent.begin(revision)
                group = Group(connection, revision, PendingWrites(log_bytes=log_bytes), self._recent)
                self._feed.catch_up(connection, group.revision)
                started = True
                self._fill(group, jobs)
                connection.commit()
                self._recent.committed(group.written, group.revision)
            except Exception as error:  # noqa: BLE001 - whatever it is, the callers get it as the cause
                cause = self._database_error or error
                lost = isinstance(cause, DBAPIError) and cause.connection_invalidated
                raise (_ConnectionLost if lost or not started else _GroupFailed) from cause

    def _fill(self, group: Group, jobs: Sequence[_Job]) -> None:
        """Run the works, each isolated from the failures of the others, and tell the database the outcome."""
        before = group.revision
        for job in jobs:
            self._run_work(group, job)
            if self._database_error is not None:
                raise _GroupFailed
        group.flush()
        if group.revision != before:
            statements.set_revision(group.connection, group.revision, group.pending.log_bytes)
            if group.connection.dialect.name == "postgresql":
                statements.notify(group.connection, group.revision)

    def _run_work(self, group: Group, job: _Job) -> None:
        transaction = SqlTransaction(group)
        try:
            job.result, job.error = job.work(transaction), None
        except BaseException as error:  # noqa: BLE001 - it belongs to the caller, who gets it as it is
            job.fail(error)
            if self._database_error is None:
                transaction.rollback()
        else:
            job.changes = transaction.commit()

    def _hand_back(self, jobs: Sequence[_Job]) -> None:
        """Tell listeners and callers; what was committed is known to be newer than all handed over before."""
        for job in jobs:
            job.handed_back = True
        newest = max((change.revision for job in jobs for change in job.changes[-1:]), default=0)
        self._feed.hand_over(lambda: self._deliver(jobs), newest)

    def _deliver(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            self._listeners.publish(job.changes)
            job.settle()

    def _note_error(self, context: ExceptionContext) -> None:
        """Remember the first error of a group, also one that a work catches.

        The database may have taken the whole transaction back because of it, so nothing of the group may be
        acknowledged.
        """
        if self._database_error is None:
            self._database_error = context.sqlalchemy_exception or context.original_exception


def _told(error: BaseException) -> BaseException:
    """The error for the caller: database errors become store errors."""
    if not isinstance(error, SQLAlchemyError):
        return error
    told = translate(error)
    told.__cause__ = error
    return told
