"""Works are run on the event loop, while their turn at the database has not come yet.

What a report changes was written by this process a moment ago, so what it will find is known: the store as it will be
when all that was submitted before it is committed. Run here, works need no turns between two threads at one interpreter
lock, and the writer has only to tell the database what they did. It looks first, under the lock of the revision,
whether everything is as assumed. If it is not, it runs them itself, as it does with works that ask for more than is
known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from stigmer_store.gathering import Gathering
from stigmer_store.jobs import Batch, Job
from stigmer_store.recent import Recent
from stigmer_store.transaction import Group, SqlTransaction

__all__ = ["Ahead"]


class Ahead:
    """Takes works, runs those that it can, and sends all to the writer in order. Belongs to one event loop."""

    def __init__(self, send: Callable[[Batch], None], recent: Recent, most: int, *, alone: bool) -> None:
        """`alone`: no other process writes to this database as a rule, so that what is assumed is right as a rule.

        `recent` is the writer's too. It uses it only for works that were sent without having been run, and from then on
        nothing is run here until they have come back.
        """
        self._hand_over = send
        self._recent = recent
        self._alone = alone
        self._gathering: Gathering[Job] = Gathering(self._send, most)
        self._group: Group | None = None  # what those that wait do
        self._base = 0  # the revision at which they begin
        self._done = 0  # how many of them were run
        self._running = False  # whether it is known what the next one will find
        self._epoch = 0  # the writer's, when that became known
        self._under_way = 0

    def add(self, loop: asyncio.AbstractEventLoop, job: Job) -> None:
        """Take a work."""
        self._try(job)
        self._gathering.add(loop, job)

    def flush(self) -> None:
        """Send everything now."""
        self._gathering.flush()

    def come_back(self, jobs: int, revision: int | None, epoch: int) -> None:
        """So many works have ended, the store is at this revision (None: unknown), and the writer counts this epoch."""
        self._under_way -= jobs
        if epoch != self._epoch:
            self._epoch = epoch
            self._recent.clear()
            self._stop()
        if self._under_way == 0:
            if not self._running and self._alone and revision is not None:
                self._go_on(revision)
            self._gathering.release()

    def _go_on(self, revision: int) -> None:
        """Run works here again, first those that wait: as nothing is under way, it is known what they will find."""
        self._recent.begin(revision)
        self._begin(revision)
        for job in self._gathering.waiting:
            self._try(job)

    def _begin(self, revision: int) -> None:
        self._running, self._done, self._base = True, 0, revision
        self._group = Group(None, revision, recent=self._recent)

    def _stop(self) -> None:
        self._running, self._done, self._group = False, 0, None

    def _try(self, job: Job) -> None:
        group = self._group
        if group is None or not self._running:
            return
        if job.future.cancelled():
            job.forget()
        else:
            transaction = SqlTransaction(group)
            ended_well = job.run(transaction)
            if group.missed:
                self._running = False
                return
            if ended_well:
                job.changes = transaction.commit()
        self._done += 1

    def _send(self, jobs: list[Job]) -> None:
        self._under_way += len(jobs)
        batch = Batch(jobs, self._done, self._group if self._done else None, self._base, self._epoch)
        if self._running and self._group is not None:
            self._recent.committed(self._group.written, self._group.revision)
            self._begin(self._group.revision)
        else:
            self._stop()
        self._gathering.hold()  # what comes meanwhile goes together
        self._hand_over(batch)
