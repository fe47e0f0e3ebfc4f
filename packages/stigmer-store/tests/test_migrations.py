"""Every schema that was ever released opens, migrates and reads as it did at its time."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import stigmer_store.migrations.versions
from stigmer_store import Change, ListQuery, Operation, open_repository

SCHEMAS = Path(__file__).parent / "schemas"
VERSIONS = sorted(path.stem[1:5] for path in Path(stigmer_store.migrations.versions.__file__).parent.glob("v*.py"))


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    """The script that writes the dumps."""
    spec = importlib.util.spec_from_file_location("generate_schemas", SCHEMAS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_migration_has_its_dump() -> None:
    dumps = sorted(path.stem for path in SCHEMAS.glob("*.sql"))
    assert dumps == VERSIONS, "run packages/stigmer-store/tests/schemas/generate.py in the change that adds a migration"
    assert sorted(path.stem for path in SCHEMAS.glob("*.json")) == VERSIONS


@pytest.fixture(params=["sqlite", "postgres"])
def stored(request: pytest.FixtureRequest, version: str, tmp_path: Path) -> str:
    """The URL of a database as this version left it."""
    path = tmp_path / "stigmer.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript((SCHEMAS / f"{version}.sql").read_text(encoding="utf-8"))
        if request.param == "sqlite":
            return f"sqlite:///{path}"
        url: str = request.getfixturevalue("postgres_url")
        move_to_postgres(connection, url, version)
        return url


def move_to_postgres(stored: sqlite3.Connection, url: str, version: str) -> None:
    """Make the tables of a version and put in what the SQLite database of that version has."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "stigmer_store:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            cursor = stored.execute(f"SELECT * FROM {table.name}")
            names = [column[0] for column in cursor.description]
            assert set(names) == {column.name for column in table.c}
            connection.execute(sa.delete(table))
            if rows := [dict(zip(names, row, strict=True)) for row in cursor]:
                connection.execute(sa.insert(table), rows)
        ((given,),) = stored.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        connection.execute(sa.select(sa.func.setval("outbox_id_seq", given)))
    engine.dispose()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_stored_database_of_each_version_migrates_and_reads(
    version: str, stored: str, generate: ModuleType
) -> None:
    store = open_repository(stored)
    heard: list[Change] = []
    store.add_listener(heard.extend)
    try:
        expected: dict[str, Any] = json.loads((SCHEMAS / f"{version}.json").read_text(encoding="utf-8"))
        assert await generate.read(store) == expected
        totals = [(await store.list(ListQuery(org=org))).total for org in ("", "local", "other")]
        assert totals == [len(expected["resources"]), *(_in_org(expected, org) for org in ("local", "other"))]
        await store.write(lambda tx: tx.delete("agent", "agt-01"))
        assert [(c.revision, c.operation, c.id) for c in heard] == [(4, Operation.DELETED, "agt-01")]
        assert list(await store.changes(3, 10)) == heard
        items = await store.due_outbox(10, generate._LATE)
        await store.write(lambda tx: tx.enqueue("start", "next", b"", generate._START))
        new = {item.id for item in await store.due_outbox(10, generate._LATE)} - {item.id for item in items}
        assert len(new) == 1
        assert min(new) > 3, "the id of an item that is done is not given again"
    finally:
        await store.close()


def _in_org(expected: dict[str, Any], org: str) -> int:
    return sum(record["org"] == org for record in expected["resources"])
