"""The change log keeps the labels and fields that an update replaced: watchers tell by them what left a selection."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add both columns; entries written before say "not changed"."""
    op.add_column("changes", sa.Column("previous_labels", sa.Text))
    op.add_column("changes", sa.Column("previous_fields", sa.Text))
