"""What one transaction did to resources, told once per resource."""

from __future__ import annotations

from collections.abc import Sequence

from stigmer_store.records import Change, Operation, ResourceRecord

Key = tuple[str, str]
"""(kind, id)"""


class ChangeSet:
    """The changes of one transaction, in the order in which its resources were first touched.

    Several writes to one resource make one change: a watcher must never see a state that no reader could.
    """

    def __init__(self) -> None:
        self._touched: dict[Key, tuple[ResourceRecord | None, ResourceRecord | None]] = {}

    def add(self, key: Key, before: ResourceRecord | None, after: ResourceRecord | None) -> None:
        """Note that a resource went from one state to another; None means that it is not there."""
        if key in self._touched:
            before = self._touched[key][0]
        self._touched[key] = (before, after)

    def finish(self, revision: int) -> Sequence[Change]:
        """The changes to log and to publish."""
        return [
            change
            for before, after in self._touched.values()
            if (change := _change(revision, before, after)) is not None
        ]


def _change(revision: int, before: ResourceRecord | None, after: ResourceRecord | None) -> Change | None:
    record = after or before
    if record is None:
        return None  # made and removed again in one transaction: nobody saw it
    if before is None or after is None:
        return Change(revision, record.kind, record.id, _operation(before, after), record)
    moved = before.org != after.org
    labels = before.labels if moved or before.labels != after.labels else None
    fields = before.fields if moved or before.fields != after.fields else None
    return Change(revision, record.kind, record.id, Operation.UPDATED, record, labels, fields)


def _operation(before: ResourceRecord | None, after: ResourceRecord | None) -> Operation:
    if after is None:
        return Operation.DELETED
    return Operation.CREATED if before is None else Operation.UPDATED
