"""The change log of a SQLite database from its very beginning, although the server compacts it.

A trigger keeps what is forgotten, in the transaction that forgets it: neither a kill nor the pace of the compaction can
part the two, and the server knows nothing of it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from sys import intern
from typing import TYPE_CHECKING

from watch_validator import Logged

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = "revision, ordinal, kind, id, operation, body"
_KEEP = f"""
CREATE TABLE forgotten AS SELECT {_COLUMNS} FROM changes WHERE 0;
CREATE TRIGGER keep_forgotten BEFORE DELETE ON changes BEGIN
  INSERT INTO forgotten VALUES (OLD.revision, OLD.ordinal, OLD.kind, OLD.id, OLD.operation, OLD.body);
END;
"""
_WHOLE = f"""
SELECT revision, id, operation, body
FROM (SELECT {_COLUMNS} FROM forgotten UNION ALL SELECT {_COLUMNS} FROM changes)
WHERE kind = ? ORDER BY revision, ordinal
"""


def keep_forgotten(database: Path) -> None:
    """From now on keep what compactions forget; before the first one, or the beginning is lost."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.executescript(_KEEP)
        assert compacted_up_to(database) == 0, "something was forgotten already"


def compacted_up_to(database: Path) -> int:
    """The revision up to which the log is forgotten."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        ((revision,),) = connection.execute("SELECT compacted FROM revision_counter")
    return int(revision)


def whole_log(database: Path, kind: str) -> list[Logged]:
    """Every change of a kind, forgotten or not."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        rows = connection.execute(_WHOLE, (kind,))
        return [Logged(revision, intern(id_), operation, hash(body)) for revision, id_, operation, body in rows]
