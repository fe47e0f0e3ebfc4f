"""The latest change of each resource in a run of commits: what a reader in mode LATEST that is behind is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stigmer_server.watch.feed import Feed
from stigmer_server.watch.selection import Selection, as_seen
from stigmer_server.watch.window import Commit
from stigmer_store import Operation

__all__ = ["Coalescer", "Told"]

_MOST_RESOURCES = 1000
"""Bounds what a reader holds at a time; with more resources it is told in several runs."""


@dataclass(slots=True)
class _Run:
    """Changes of one resource: whether it was shown before the first, and the latest."""

    had: bool
    commit: Commit
    index: int
    more: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """One event to tell: the change at `index` of `commit`, which stands for `more` earlier ones."""

    commit: Commit
    index: int
    operation: Operation
    more: int
    final: bool


class Coalescer:
    """Folds commits, oldest first."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._runs: dict[tuple[str, str], _Run] = {}
        self.coalesced = 0

    async def gather(self, feed: Feed, commits: Sequence[Commit], newest: int) -> None:
        """Fold these commits and those behind them up to the newest; fewer when that would be too much to hold."""
        while commits:
            for commit in commits:
                self._add(commit)
            if feed.cursor >= newest or len(self._runs) >= _MOST_RESOURCES or feed.closed:
                return
            await asyncio.sleep(0)  # a long way to catch up must not keep others from running
            commits = await feed.take_now()

    def outcome(self) -> Iterator[Told]:
        """The events in the order of their revisions; the last one is final."""
        seen = []
        for run in sorted(self._runs.values(), key=lambda run: (run.commit.revision, run.index)):
            change = run.commit.changes[run.index]
            now = change.operation is not Operation.DELETED and self._selection.shows(change.record)
            operation = as_seen(run.had, now)
            if operation is not None:
                seen.append((run, operation))
        for place, (run, operation) in enumerate(seen, 1):
            yield Told(run.commit, run.index, operation, run.more, final=place == len(seen))

    def _add(self, commit: Commit) -> None:
        for index, change in enumerate(commit.changes):
            key = (change.kind, change.id)
            run = self._runs.get(key)
            if run is not None:
                run.commit, run.index, run.more = commit, index, run.more + 1
                self.coalesced += 1
            elif self._selection.judge(change) is not None:
                self._runs[key] = _Run(self._selection.had(change), commit, index)
