"""The newest commits in memory: where every reader that keeps up reads from. Bounded by number and by bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from stigmer_store import Change, Operation

__all__ = ["Commit", "Window", "commits_of"]

MAX_COMMITS = 8192
MAX_BYTES = 32 * 1024 * 1024
_COPIES = 3  # a body may be held as stored, as an item and as a whole response
_OVERHEAD_BYTES = 1000  # of the objects around one change, roughly


class Commit:
    """All changes of one revision, with the bytes that readers were told of them.

    `published_at` is monotonic time, 0.0 when it was read from the log; `size`, in bytes, is what a window counts.
    `items` and `told` belong to the encoder.
    """

    __slots__ = ("changes", "items", "published_at", "revision", "size", "told")

    def __init__(self, changes: Sequence[Change], published_at: float = 0.0) -> None:
        self.revision = changes[0].revision
        self.changes = changes
        self.published_at = published_at
        self.size = sum(_COPIES * len(change.record.body) + _OVERHEAD_BYTES for change in changes)
        self.items: dict[int, bytes] = {}
        self.told: dict[tuple[int, Operation, bool], bytes] = {}


def commits_of(changes: Iterable[Change]) -> list[Commit]:
    """Changes of the log, in order, as commits."""
    return [Commit(list(group)) for _, group in groupby(changes, attrgetter("revision"))]


class Window:
    """A run of commits without gap: everything behind `start` that was ever published is in it."""

    def __init__(self, max_commits: int = MAX_COMMITS, max_bytes: int = MAX_BYTES) -> None:
        self.start: int | None = None
        self._max_commits = max_commits
        self._max_bytes = max_bytes
        self._commits: list[Commit | None] = []
        self._revisions: list[int] = []
        self._first = 0  # index of the oldest commit that is kept; what is before it goes in bulk
        self._bytes = 0

    @property
    def newest(self) -> int:
        """The newest revision known here; 0 before any."""
        return self._revisions[-1] if self._revisions else self.start or 0

    def restart(self, revision: int) -> None:
        """Forget everything: changes up to this revision can no longer be had, those behind it will come."""
        self._commits, self._revisions, self._first, self._bytes = [], [], 0, 0
        self.start = revision

    def skip(self, revision: int) -> None:
        """Do not keep what was just committed: nobody reads here. What is behind it will come."""
        if self._commits:
            self.restart(revision)
        self.start = revision

    def begin(self, revision: int) -> None:
        """State that nothing newer than `revision` had been committed a moment ago, when nothing is known yet."""
        if self.start is None:
            self.start = revision

    def append(self, changes: Sequence[Change], published_at: float) -> Commit:
        """Take in the newest commit and forget the oldest ones beyond the bounds."""
        commit = Commit(changes, published_at)
        if self.start is None:
            self.start = commit.revision - 1
        self._commits.append(commit)
        self._revisions.append(commit.revision)
        self._bytes += commit.size
        while len(self._commits) - self._first > self._max_commits or self._bytes > self._max_bytes:
            self._forget_oldest()
        if self._first > self._max_commits // 4:
            del self._commits[: self._first], self._revisions[: self._first]
            self._first = 0
        return commit

    def covers(self, cursor: int) -> bool:
        """Whether everything behind this revision is here."""
        return self.start is not None and cursor >= self.start

    def after(self, cursor: int, limit: int) -> list[Commit]:
        """At most `limit` commits behind a revision that is covered, oldest first."""
        begin = bisect_right(self._revisions, cursor, lo=self._first)
        return [commit for commit in self._commits[begin : begin + limit] if commit is not None]

    def _forget_oldest(self) -> None:
        commit = self._commits[self._first]
        if commit is not None:  # always: only what is before the first is None
            self._bytes -= commit.size
            self.start = max(self.start or 0, commit.revision)
        self._commits[self._first] = None
        self._first += 1
