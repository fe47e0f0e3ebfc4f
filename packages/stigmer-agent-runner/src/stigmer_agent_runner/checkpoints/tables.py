"""The tables beside those of the graph. Statements that only one of the two databases understands have a name here."""

from __future__ import annotations

__all__ = ["SQLITE_TABLES", "postgres_tables"]

_POSITION = "position INTEGER PRIMARY KEY"
"""SQLite numbers such a column by itself; Postgres wants to be told."""

SQLITE_TABLES = (
    """
CREATE TABLE IF NOT EXISTS tool_ledger (
  execution_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  tool TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  result TEXT,
  PRIMARY KEY (execution_id, call_id)
)
""",
    """
CREATE TABLE IF NOT EXISTS model_calls (
  execution_id TEXT NOT NULL,
  who TEXT NOT NULL,
  turn INTEGER NOT NULL,
  tokens BIGINT NOT NULL,
  cost DOUBLE PRECISION NOT NULL,
  seconds DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (execution_id, who, turn)
)
""",
    f"""
CREATE TABLE IF NOT EXISTS scripted_entries (
  {_POSITION},
  execution_id TEXT NOT NULL,
  entry TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (execution_id, entry)
)
""",
    """
CREATE TABLE IF NOT EXISTS session_marks (
  session_id TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (session_id, name)
)
""",
)


def postgres_tables() -> tuple[str, ...]:
    """The same tables for Postgres."""
    numbered = "position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    return tuple(table.replace(_POSITION, numbered) for table in SQLITE_TABLES)
