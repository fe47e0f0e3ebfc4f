"""The first tables: resources, their searchable entries, changes, outbox, events and the revision counter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SORTED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _record_columns(revision_name: str) -> list[sa.Column[object]]:
    return [
        sa.Column("kind", _SORTED_TEXT, nullable=False),
        sa.Column("id", _SORTED_TEXT, nullable=False),
        sa.Column("org", sa.Text, nullable=False),
        sa.Column("slug", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column(revision_name, sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text),
    ]


def upgrade() -> None:
    """Make every table and start counting at revision 0."""
    op.create_table(
        "resources",
        *_record_columns("revision"),
        sa.Column("search", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id"),
        sa.UniqueConstraint("kind", "org", "slug", name="resources_slug"),
        sa.UniqueConstraint("kind", "org", "request_id", name="resources_request_id"),
    )
    op.create_index("resources_kind_created", "resources", ["kind", "created_at", "id"])
    op.create_index("resources_created", "resources", ["created_at", "id", "kind"])
    for name in ("resource_labels", "resource_fields"):
        op.create_table(
            name,
            sa.Column("kind", _SORTED_TEXT, nullable=False),
            sa.Column("id", _SORTED_TEXT, nullable=False),
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("value", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("kind", "id", "name"),
        )
        op.create_index(f"{name}_value", name, ["name", "value", "kind", "id"])
    op.create_table(
        "changes",
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        *_record_columns("record_revision"),
        sa.PrimaryKeyConstraint("revision", "ordinal"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_due", "outbox", ["not_before", "id"])
    op.create_table(
        "execution_events",
        sa.Column("execution_id", _SORTED_TEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "sequence"),
        sa.UniqueConstraint("execution_id", "event_id", name="execution_events_event_id"),
    )
    counter = op.create_table(
        "revision_counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("compacted", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "revision": 0, "compacted": 0}])
