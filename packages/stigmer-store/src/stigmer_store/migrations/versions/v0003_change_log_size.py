"""The change log knows when each entry was written and how many bytes it has taken so far, for its retention."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TOTALS = """
UPDATE changes SET log_bytes = totals.total
FROM (
  SELECT revision, ordinal, SUM(LENGTH(body) + 256) OVER (ORDER BY revision, ordinal) AS total FROM changes
) AS totals
WHERE changes.revision = totals.revision AND changes.ordinal = totals.ordinal
"""
_TOTAL = "UPDATE revision_counter SET log_bytes = COALESCE((SELECT MAX(log_bytes) FROM changes), 0)"


def upgrade() -> None:
    """Add the columns; entries written before count with their bytes, and as older than any age."""
    op.add_column("changes", sa.Column("logged_at", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("changes", sa.Column("log_bytes", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("revision_counter", sa.Column("log_bytes", sa.BigInteger, nullable=False, server_default="0"))
    op.execute(_TOTALS)
    op.execute(_TOTAL)
