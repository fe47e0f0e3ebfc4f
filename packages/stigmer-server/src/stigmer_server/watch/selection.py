"""Which resources a watch shows, and what a change means for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stigmer_store import Change, ListQuery, Operation, Requirement, ResourceRecord

__all__ = ["Selection"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything given must hold; what is empty selects all. A resource has one of `names` (slugs) or of `ids`."""

    kinds: frozenset[str]
    org: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    def shows(self, record: ResourceRecord) -> bool:
        """Whether a resource in this state belongs to the selection."""
        return self._places(record) and self._marks(record)

    def judge(self, change: Change) -> Operation | None:
        """What a change is for those who see only the selection: None when it is nothing.

        An update that makes a resource match is its creation here, one that makes it match no longer its deletion.
        """
        record = change.record
        if not self._places(record):
            return None
        now = self._marks(record)
        if change.operation is not Operation.UPDATED:
            return change.operation if now else None
        if change.previous_labels is None and change.previous_fields is None:
            return Operation.UPDATED if now else None
        return as_seen(self._marks(change.former), now)

    def judge_known(self, change: Change, known: bool) -> Operation | None:
        """The same for a watcher that had the resource before the change, or had not, whatever the log says."""
        return as_seen(known, change.operation is not Operation.DELETED and self.shows(change.record))

    def had(self, change: Change) -> bool:
        """Whether the resource belonged to the selection before this change."""
        if change.operation is Operation.CREATED or not self._places(change.record):
            return False
        return self._marks(change.former)

    def query(self, page_size: int, page_token: str = "") -> ListQuery:
        """The list that has the selection, and more when there are names or ids."""
        return ListQuery(
            kinds=tuple(sorted(self.kinds)),
            org=self.org,
            labels=self.labels,
            fields=self.fields,
            requirements=self.requirements,
            page_size=page_size,
            page_token=page_token,
            counted=False,
        )

    def _places(self, record: ResourceRecord) -> bool:
        if record.kind not in self.kinds or (self.org and record.org != self.org):
            return False
        return not (self.names or self.ids) or record.id in self.ids or record.slug in self.names

    def _marks(self, record: ResourceRecord) -> bool:
        return (
            (not self.labels or self.labels.items() <= record.labels.items())
            and (not self.fields or self.fields.items() <= record.fields.items())
            and (not self.requirements or all(requirement.holds(record) for requirement in self.requirements))
        )


def as_seen(before: bool, now: bool) -> Operation | None:
    """What happened to a resource that was shown before, or not, and is shown now, or not."""
    if not now:
        return Operation.DELETED if before else None
    return Operation.UPDATED if before else Operation.CREATED
