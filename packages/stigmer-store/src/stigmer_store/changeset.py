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
        self.before: dict[Key, ResourceRecord | None] = {}
        self.after: dict[Key, ResourceRecord | None] = {}

    def add(self, key: Key, before: ResourceRecord | None, after: ResourceRecord | None) -> None:
        """Note that a resource went from one state to another; None means that it is not there."""
        self.before.setdefault(key, before)
        self.after[key] = after

    def finish(self, revision: int) -> Sequence[Change]:
        """The changes to log and to publish."""
        changes = []
        for before, after in zip(self.before.values(), self.after.values(), strict=True):
            change = _change(revision, before, after)
            if change is not None:
                changes.append(change)
        return changes


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
