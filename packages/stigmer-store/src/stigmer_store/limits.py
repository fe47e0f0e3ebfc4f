"""What every database behind this package can keep, checked before any of them is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from stigmer_store.errors import InvalidValue
from stigmer_store.records import ListQuery, ResourceRecord

MAX_KEY_BYTES = 512
"""Longest indexed text. Three of them, or two and a value, fit into one index entry of Postgres (2,704 bytes)."""

MAX_VALUE_BYTES = 1024
"""Longest value of a label or field, for the same reason."""


MAX_KINDS = 50
MAX_ENTRIES = 50
"""How many labels and fields together one query may name."""

MAX_TERMS = 200
"""How many requirements and values of them together one query may have."""


def check_update(record: ResourceRecord, before: ResourceRecord) -> None:
    """`check_record` for one that stays in its place: what was stored already can be stored."""
    if record.name != before.name:
        _check_text("name", record.name)
    if record.labels != before.labels:
        _check_entries("labels", record.labels)
    if record.fields != before.fields:
        _check_entries("fields", record.fields)
    check_time("updated_at", record.updated_at)


def check_record(record: ResourceRecord) -> None:
    """Raise InvalidValue naming the first field that cannot be kept."""
    if not record.kind or not record.id:
        raise InvalidValue("id" if record.kind else "kind", "must not be empty")
    for field in ("kind", "id", "org", "slug", "request_id"):
        _check_text(field, getattr(record, field), MAX_KEY_BYTES)
    _check_text("name", record.name)
    _check_entries("labels", record.labels)
    _check_entries("fields", record.fields)
    check_time("created_at", record.created_at)
    check_time("updated_at", record.updated_at)


def check_revision(record: ResourceRecord, revision: int) -> None:
    """Raise InvalidValue for a record that was not made for this transaction."""
    if record.revision != revision:
        raise InvalidValue("revision", f"is {record.revision}; it must be {revision}, what tx.revision() tells")


def check_outbox(topic: str, key: str, not_before: datetime | None) -> None:
    """Raise InvalidValue naming the part of an outbox item that cannot be kept."""
    _check_text("topic", topic, MAX_KEY_BYTES)
    _check_text("key", key, MAX_KEY_BYTES)
    if not_before is not None:
        check_time("not_before", not_before)


def check_events(execution_id: str, events: Sequence[tuple[str, bytes]]) -> None:
    """Raise InvalidValue naming the part of an event that cannot be kept."""
    _check_text("execution_id", execution_id, MAX_KEY_BYTES)
    for index, (event_id, _) in enumerate(events):
        if not event_id:
            raise InvalidValue(f"events[{index}].event_id", "must not be empty")
        _check_text(f"events[{index}].event_id", event_id, MAX_KEY_BYTES)


def check_query(query: ListQuery) -> None:
    """Raise InvalidValue for a query that no database would take."""
    if len(query.kinds) > MAX_KINDS:
        raise InvalidValue("kinds", f"has more than {MAX_KINDS} entries")
    if len(query.labels) + len(query.fields) > MAX_ENTRIES:
        raise InvalidValue("labels", f"has, together with fields, more than {MAX_ENTRIES} entries")
    if len(query.requirements) + sum(len(each.values) for each in query.requirements) > MAX_TERMS:
        raise InvalidValue("requirements", f"have, together with their values, more than {MAX_TERMS} entries")
    for each in query.requirements:
        for text in (each.name, *each.values):
            _check_text("requirements", text)
    if len(query.text) > MAX_VALUE_BYTES:
        raise InvalidValue("text", f"is longer than {MAX_VALUE_BYTES} characters")


def can_match(query: ListQuery) -> bool:
    """Whether anything stored could match: what cannot be kept cannot be found either."""
    entries = (*query.labels.items(), *query.fields.items())
    return all(map(storable, (*query.kinds, query.org, query.text, *(text for pair in entries for text in pair))))


def check_time(field: str, time: datetime) -> None:
    """Raise InvalidValue for a time that names no moment because it has no zone."""
    if time.tzinfo is None:
        raise InvalidValue(field, "has no time zone; use an aware datetime")


def storable(text: str) -> bool:
    """Whether a database can hold this text at all."""
    return "\0" not in text


def without_nul(text: str) -> str:
    """The text of somebody else's error, made storable."""
    return text.replace("\0", "")


def _check_entries(field: str, entries: Mapping[str, str]) -> None:
    for name, value in entries.items():
        _check_text(f"{field}[{name!r}]", name, MAX_KEY_BYTES)
        _check_text(f"{field}[{name!r}]", value, MAX_VALUE_BYTES)


def _check_text(field: str, text: str, max_bytes: int | None = None) -> None:
    if not storable(text):
        raise InvalidValue(field, "must not contain a NUL character")
    if max_bytes is not None and len(text) * 4 > max_bytes and len(text.encode()) > max_bytes:
        raise InvalidValue(field, f"is longer than {max_bytes} bytes")
