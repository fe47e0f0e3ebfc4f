"""The tables. Migrations make them; a test holds both descriptions equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from stigmer_store.moments import from_microseconds, microseconds

metadata = sa.MetaData()


_encode = json.JSONEncoder(ensure_ascii=False).encode


@lru_cache(maxsize=4096)
def _text_of(items: tuple[tuple[str, str], ...]) -> str:
    """Remembered, because a record that is written over and over keeps its labels and fields."""
    return _encode(dict(items))


def map_text(value: Mapping[str, str] | None) -> str:
    """A small mapping as it is stored: JSON, or nothing when it is empty."""
    return _text_of(tuple(value.items())) if value else ""


def optional_map_text(value: Mapping[str, str] | None) -> str | None:
    """A small mapping as it is stored where none is not the same as an empty one."""
    return None if value is None else _text_of(tuple(value.items()))


class Moment(sa.TypeDecorator[datetime]):
    """An aware time as whole microseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_microseconds(value)


class StringMap(sa.TypeDecorator[Mapping[str, str]]):
    """A small mapping of texts as JSON text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str:
        return map_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, str]:
        return json.loads(value) if value else {}


class OptionalStringMap(sa.TypeDecorator[Mapping[str, str]]):
    """A small mapping of texts as JSON text, or None, which is not the same as an empty one."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        return optional_map_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, str] | None:
        return None if value is None else json.loads(value)


class OptionalText(sa.TypeDecorator[str]):
    """A text whose emptiness means none: kept as NULL, which a unique index lets occur many times."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value or None

    def process_result_value(self, value: str | None, dialect: Dialect) -> str:
        return value or ""


# Sorted by bytes everywhere, whatever the locale of the database.
_SORTED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts only a plain INTEGER up by itself


def _record_columns(revision: str) -> list[sa.Column[object]]:
    """The columns that hold a ResourceRecord, in the order of its fields."""
    return [
        sa.Column("kind", _SORTED_TEXT, nullable=False),
        sa.Column("id", _SORTED_TEXT, nullable=False),
        sa.Column("org", sa.Text, nullable=False),
        sa.Column("slug", OptionalText),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column(revision, sa.BigInteger, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("labels", StringMap, nullable=False),
        sa.Column("fields", StringMap, nullable=False),
        sa.Column("request_id", OptionalText),
    ]


resources = sa.Table(
    "resources",
    metadata,
    *_record_columns("revision"),
    sa.Column("search", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("kind", "id"),
    sa.UniqueConstraint("kind", "org", "slug", name="resources_slug"),
    sa.UniqueConstraint("kind", "org", "request_id", name="resources_request_id"),
    sa.Index("resources_kind_created", "kind", "created_at", "id"),
    sa.Index("resources_kind_org_created", "kind", "org", "created_at", "id"),
    sa.Index("resources_created", "created_at", "id", "kind"),
)


def _entries(name: str) -> sa.Table:
    """A side table that makes one mapping of the resources searchable, in the order of lists."""
    return sa.Table(
        name,
        metadata,
        sa.Column("kind", _SORTED_TEXT, nullable=False),
        sa.Column("id", _SORTED_TEXT, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False, server_default="0"),  # of the resource
        sa.PrimaryKeyConstraint("kind", "id", "name"),
        sa.Index(f"{name}_value", "name", "value", "kind", "created_at", "id"),
    )


resource_labels = _entries("resource_labels")
resource_fields = _entries("resource_fields")

# How many resources there are of each kind in each organisation; kept by the transactions that make and remove them.
resource_counts = sa.Table(
    "resource_counts",
    metadata,
    sa.Column("kind", _SORTED_TEXT, nullable=False),
    sa.Column("org", sa.Text, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("kind", "org"),
)

# One row. `compacted` is the last revision whose changes are no longer kept, `log_bytes` what all changes ever logged
# have taken.
revision_counter = sa.Table(
    "revision_counter",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("compacted", sa.BigInteger, nullable=False),
    sa.Column("log_bytes", sa.BigInteger, nullable=False, server_default="0"),
)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    *_record_columns("record_revision"),
    sa.Column("previous_labels", OptionalStringMap),
    sa.Column("previous_fields", OptionalStringMap),
    sa.Column("logged_at", Moment, nullable=False, server_default="0"),
    sa.Column("log_bytes", sa.BigInteger, nullable=False, server_default="0"),  # with all before it
    sa.PrimaryKeyConstraint("revision", "ordinal"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", Moment, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Index("outbox_due", "not_before", "id"),
    sqlite_autoincrement=True,  # an id names one item for ever, also after it is done
)

execution_events = sa.Table(
    "execution_events",
    metadata,
    sa.Column("execution_id", _SORTED_TEXT, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("execution_id", "sequence"),
    sa.UniqueConstraint("execution_id", "event_id", name="execution_events_event_id"),
)

RECORD_COLUMNS = tuple(resources.c)[:12]
"""The columns of `resources` that make a ResourceRecord, in the order of its fields."""
