"""Every schema that was ever released opens, migrates and reads as it did at its time."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import stigmer_store.migrations.versions
from stigmer_store import Change, Operation, open_repository

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


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_stored_database_of_each_version_migrates_and_reads(
    version: str, tmp_path: Path, generate: ModuleType
) -> None:
    path = tmp_path / "stigmer.db"
    connection = sqlite3.connect(path)
    connection.executescript((SCHEMAS / f"{version}.sql").read_text(encoding="utf-8"))
    connection.close()
    store = open_repository(f"sqlite:///{path}")
    heard: list[Change] = []
    store.add_listener(heard.extend)
    try:
        expected: dict[str, Any] = json.loads((SCHEMAS / f"{version}.json").read_text(encoding="utf-8"))
        assert await generate.read(store) == expected
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
