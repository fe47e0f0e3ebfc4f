"""The values that go in and out of a store: plain, frozen, free of protobuf and SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
NOT_COUNTED = -1
"""The total of a page whose query did not ask for it."""


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """One resource at one revision.

    `body` is opaque to the store. `fields` are the few values of the body its kind declares queryable.
    Times are aware and kept to the microsecond. An empty `slug` or `request_id` means none; any other is
    unique per (kind, org).
    """

    kind: str
    id: str
    org: str
    slug: str
    name: str
    revision: int
    created_at: datetime
    updated_at: datetime
    body: bytes
    labels: Mapping[str, str]
    fields: Mapping[str, str]
    request_id: str = ""


class Operation(StrEnum):
    """What a transaction did to a resource, seen from outside."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"

    __hash__ = str.__hash__  # an Enum's own is Python code, and every reader of every change looks things up by it


class Change(NamedTuple):  # every write makes one, and a frozen dataclass takes three times as long
    """One entry of the change log.

    A transaction makes at most one change per resource. `record` is the state after it; for a deletion the
    last state, whose own `revision` is therefore older than the change's. `previous_labels` and
    `previous_fields` are those before an update that changed them, else None: with them a watcher of a selection
    knows what entered and what left it. An update that moved the resource to another organisation has both.
    """

    revision: int
    kind: str
    id: str
    operation: Operation
    record: ResourceRecord
    previous_labels: Mapping[str, str] | None = None
    previous_fields: Mapping[str, str] | None = None

    @property
    def former(self) -> ResourceRecord:
        """The record with the labels and fields that it had before."""
        if self.previous_labels is None and self.previous_fields is None:
            return self.record
        labels = self.record.labels if self.previous_labels is None else self.previous_labels
        fields = self.record.fields if self.previous_fields is None else self.previous_fields
        return replace(self.record, labels=labels, fields=fields)


class Operator(StrEnum):
    """What a requirement says about one label or field."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a selector. NOT_IN also holds where there is no such label or field, as everywhere else.

    `side` is "labels" or "fields"; `values` are those of IN and NOT_IN, empty otherwise.
    """

    side: Literal["labels", "fields"]
    name: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, record: ResourceRecord) -> bool:
        """Whether a record meets it."""
        value = getattr(record, self.side).get(self.name)
        if self.operator is Operator.EXISTS:
            return value is not None
        if self.operator is Operator.ABSENT:
            return value is None
        return (value in self.values) == (self.operator is Operator.IN)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which resources to list; everything given must hold, everything left empty matches all.

    `requirements` say what equality in `labels` and `fields` cannot.
    `text` is searched in name and slug, whatever the case. Order is by creation. `page_size` 0 means 50, other
    values are brought into 1..1000. `counted` asks for the total: for kinds and an organisation alone it is kept and
    costs nothing, with filters it is counted at first, and after more changes than can be followed.
    """

    kinds: tuple[str, ...] = ()
    org: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    text: str = ""
    page_size: int = DEFAULT_PAGE_SIZE
    page_token: str = ""
    newest_first: bool = False
    counted: bool = True

    @property
    def limit(self) -> int:
        """The page size that is really used."""
        return min(max(self.page_size or DEFAULT_PAGE_SIZE, 1), MAX_PAGE_SIZE)

    def matches(self, record: ResourceRecord) -> bool:
        """Whether a resource in this state is in the list."""
        return (
            (not self.kinds or record.kind in self.kinds)
            and (not self.org or record.org == self.org)
            and self.labels.items() <= record.labels.items()
            and self.fields.items() <= record.fields.items()
            and all(requirement.holds(record) for requirement in self.requirements)
            and self.text.casefold() in search_text(record.name, record.slug)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, with the number of all matches (-1: not asked for) and the revision of both."""

    items: tuple[ResourceRecord, ...]
    next_page_token: str
    total: int
    revision: int


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """Something to be done outside the database because of a committed write."""

    id: int
    topic: str
    key: str
    payload: bytes
    attempts: int
    not_before: datetime
    created_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event of an execution; sequences start at 1 and have no gaps."""

    execution_id: str
    sequence: int
    event_id: str
    body: bytes


def search_text(name: str, slug: str) -> str:
    """What `ListQuery.text` is looked for in."""
    return f"{name}\n{slug}".casefold()
