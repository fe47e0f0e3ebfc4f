"""How many resources there are of each kind in each organisation is known, so a list need not count them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SORTED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_FILL = "INSERT INTO resource_counts (kind, org, total) SELECT kind, org, COUNT(*) FROM resources GROUP BY kind, org"


def upgrade() -> None:
    """Add the table and count what is there."""
    op.create_table(
        "resource_counts",
        sa.Column("kind", _SORTED_TEXT, nullable=False),
        sa.Column("org", sa.Text, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "org"),
    )
    op.execute(_FILL)
