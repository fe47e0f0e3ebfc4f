"""The one thread that writes: it commits everything that is waiting with a single sync of the disk."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from stigmer_store import statements
from stigmer_store.errors import StoreClosed, StoreError
from stigmer_store.failures import translate
from stigmer_store.listeners import Listeners
from stigmer_store.records import Change
from stigmer_store.repository import Transaction
from stigmer_store.transaction import Group, SqlTransaction

T = TypeVar("T")

MAX_GROUP = 256
"""Most transactions in one commit: bounds how long the first of them waits for the last."""


@dataclass(slots=True)
class _Job:
    """One work, who waits for it, and how it went."""

    work: Callable[[Transaction], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    changes: Sequence[Change] = ()

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


class _GroupFailed(Exception):
    """The database refused something, so nothing of the group was committed."""


class _ConnectionLost(Exception):
    """The database went away; whether a commit under way has happened is not known."""


class Writer:
    """Runs works in groups: each is atomic by itself, all of a group become durable together."""

    def __init__(self, engine: Engine, listeners: Listeners) -> None:
        self._engine = engine
        self._listeners = listeners
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._database_error: BaseException | None = None
        event.listen(engine, "handle_error", self._note_error)
        self._thread = threading.Thread(target=self._run, name="stigmer-store-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[Transaction], T]) -> T:
        """Run a work and return what it returned, once that is durable."""
        if self._closed:
            raise StoreClosed("the store is closed")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise StoreError("a repository belongs to the event loop that wrote first; open one per loop")
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Job(work, future))
        return await future

    def close(self) -> None:
        """Take no more works; those already taken are still done."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)

    def join(self) -> None:
        """Wait until the last work is done."""
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            taken = self._take()
            closing = taken[-1] is None
            jobs = [job for job in taken if job is not None and not job.future.cancelled()]
            if jobs:
                try:
                    self._commit(jobs)
                except Exception as error:  # noqa: BLE001 - a dead writer would leave every caller waiting for ever
                    for job in jobs:
                        job.fail(error)
                self._hand_back(jobs)

    def _take(self) -> list[_Job | None]:
        """Wait for a job, then take along what has gathered behind it."""
        jobs = [self._queue.get()]
        while jobs[-1] is not None and len(jobs) < MAX_GROUP:
            try:
                jobs.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return jobs

    def _commit(self, jobs: Sequence[_Job]) -> None:
        """Commit all together; when the database refuses, each alone, so that only the guilty ones fail."""
        try:
            self._transact(jobs)
        except _GroupFailed as failed:
            if len(jobs) == 1:
                jobs[0].fail(_told(failed.__cause__ or failed))
            else:
                for job in jobs:
                    self._commit([job])
        except _ConnectionLost as lost:
            for job in jobs:
                job.fail(_told(lost.__cause__ or lost))

    def _transact(self, jobs: Sequence[_Job]) -> None:
        try:
            connection = self._engine.connect()
        except Exception as error:
            raise _ConnectionLost from error
        with connection:
            started = False
            try:
                self._database_error = None
                group = Group(connection, statements.lock_revision(connection))
                started = True
                self._fill(group, jobs)
                connection.commit()
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
            statements.set_revision(group.connection, group.revision)

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
        assert self._loop is not None  # noqa: S101 - set by the submit that made the job
        try:
            self._loop.call_soon_threadsafe(self._deliver, jobs)
        except RuntimeError:
            return  # the event loop is closed: nobody waits or listens any more

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
