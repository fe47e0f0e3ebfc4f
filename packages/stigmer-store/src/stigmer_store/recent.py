"""The records that this process wrote last: what is reported to over and over need not be read over and over."""

from __future__ import annotations

from collections.abc import Mapping

from stigmer_store.changeset import Key
from stigmer_store.records import ResourceRecord

MAX_BYTES = 32 * 1024 * 1024
"""Of the bodies that are kept."""

_OVERHEAD_BYTES = 1000  # of the objects around one body, roughly


class Recent:
    """A cache that is right as long as nobody else writes, which the store's revision tells.

    Every commit that changes a record raises the revision, and whoever begins a transaction reads it under the lock
    that keeps others from raising it.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._records: dict[Key, ResourceRecord] = {}  # the one written longest ago first
        self._bytes = 0
        self._revision = -1

    def begin(self, revision: int) -> None:
        """A transaction begins at this revision: forget everything when others have written."""
        if revision != self._revision:
            self.clear()
            self._revision = revision

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()
        self._bytes, self._revision = 0, -1

    def get(self, key: Key) -> ResourceRecord | None:
        """The record as stored; None says nothing."""
        return self._records.get(key)

    def committed(self, written: Mapping[Key, ResourceRecord | None], revision: int) -> None:
        """Take in what the transaction has written (None: deleted), once it is committed at this revision."""
        for key, record in written.items():
            old = self._records.pop(key, None)
            if old is not None:
                self._bytes -= _size(old)
            if record is not None:
                self._records[key] = record
                self._bytes += _size(record)
        while self._bytes > self._max_bytes:
            self._bytes -= _size(self._records.pop(next(iter(self._records))))
        self._revision = revision


def _size(record: ResourceRecord) -> int:
    return len(record.body) + _OVERHEAD_BYTES
