"""Open a store by its URL."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import SQLAlchemyError

from stigmer_store import queries
from stigmer_store.engine import Engines
from stigmer_store.errors import StoreUnavailable
from stigmer_store.failures import translate
from stigmer_store.memory import MemoryRepository
from stigmer_store.migrate import migrate
from stigmer_store.repository import Repository
from stigmer_store.sql import SqlRepository

MEMORY_URL = "memory://"


def open_repository(url: str) -> Repository:
    """Open the store at `url`, make or migrate its tables, and return it.

    `sqlite:///relative.db`, `sqlite:////absolute.db` (missing directories are made, for the owner only),
    `postgresql+psycopg://user:password@host/database`, or `memory://` for one that forgets. Blocks for some
    tenths of a second. Raises StoreError for a URL that names no such thing, StoreTooNew, StoreUnavailable.
    """
    if url == MEMORY_URL:
        return MemoryRepository()
    try:
        engines = Engines(url)
    except OSError as error:
        raise StoreUnavailable(f"the directory of the database cannot be made: {error}") from error
    try:
        migrate(engines.writer)
        with engines.readers.connect() as connection:
            revision = queries.revision(connection)
    except (SQLAlchemyError, sqlite3.Error) as error:
        engines.dispose()
        raise translate(error) from error
    except BaseException:
        engines.dispose()
        raise
    return SqlRepository(engines, revision)
