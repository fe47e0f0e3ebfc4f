"""Alembic migrations of the tables. `migrate.py` runs them; nothing here runs by itself."""
