"""Labels and fields know the creation of their resource: a page is read from their index, in order, and not sorted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_FILL = """
UPDATE {table} SET created_at = (
  SELECT created_at FROM resources WHERE resources.kind = {table}.kind AND resources.id = {table}.id
)
WHERE EXISTS (SELECT 1 FROM resources WHERE resources.kind = {table}.kind AND resources.id = {table}.id)
"""


def upgrade() -> None:
    """Add and fill the column, and make the indexes that have the order of lists in them."""
    for table in ("resource_labels", "resource_fields"):
        op.add_column(table, sa.Column("created_at", sa.BigInteger, nullable=False, server_default="0"))
        op.execute(_FILL.format(table=table))
        op.drop_index(f"{table}_value", table)
        op.create_index(f"{table}_value", table, ["name", "value", "kind", "created_at", "id"])
    op.create_index("resources_kind_org_created", "resources", ["kind", "org", "created_at", "id"])
