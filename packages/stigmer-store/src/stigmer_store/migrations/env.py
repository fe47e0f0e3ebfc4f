"""What Alembic runs: the pending versions, in the transaction that `migrate.py` holds the lock in."""

from __future__ import annotations

from alembic import context

from stigmer_store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, once the driver keeps its hands off transactions
)
context.run_migrations()
