"""Writes a database of the current schema as SQL text, with what a store read from it.

    python packages/stigmer-store/tests/schemas/generate.py

Run it once, in the change that adds a migration, and commit both files it names. A dump never changes afterwards: the
test migrates each and must read what was written down at its time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stigmer_store import ListQuery, Repository, ResourceRecord, Transaction, open_repository

FOLDER = Path(__file__).parent
_START = datetime(2026, 1, 1, 12, tzinfo=UTC)
_LATE = datetime(9999, 1, 1, tzinfo=UTC)
_EXECUTION = "aex-01"


def _record(tx: Transaction, kind: str, id_: str, **values: Any) -> ResourceRecord:
    number = int(id_[-2:])
    defaults: dict[str, Any] = {
        "kind": kind,
        "id": id_,
        "org": "local",
        "slug": id_,
        "name": f"Name of {id_}",
        "revision": tx.revision(),
        "created_at": _START + timedelta(microseconds=number),
        "updated_at": _START + timedelta(seconds=number),
        "body": bytes(range(number, number + 40)),
        "labels": {},
        "fields": {},
    }
    return ResourceRecord(**{**defaults, **values})


def _first(tx: Transaction) -> None:
    tx.put(_record(tx, "agent", "agt-01", labels={"team": "red", "empty": ""}, request_id="req-1"))
    tx.put(_record(tx, "agent", "agt-02", org="other", slug="grüße", name="Grüße 'quoted' 😀"))
    fields = {"phase": "PENDING", "agent": "agt-01"}
    tx.put(_record(tx, "agent_execution", _EXECUTION, slug="", labels={"team": "red"}, fields=fields))
    tx.enqueue("start", _EXECUTION, b"\0payload", _START)


def _second(tx: Transaction) -> None:
    fields = {"phase": "COMPLETED", "agent": "agt-01"}
    tx.put(_record(tx, "agent_execution", _EXECUTION, slug="", labels={"team": "blue"}, fields=fields, body=b""))
    tx.append_events(_EXECUTION, [("e1", b"one"), ("e2", b"\xff")])
    tx.enqueue("signal", _EXECUTION, b"", _START)
    tx.enqueue("late", _EXECUTION, b"", _START + timedelta(days=1))


def _third(tx: Transaction) -> None:
    tx.delete("agent", "agt-02")
    tx.append_events(_EXECUTION, [("e3", b"three")])


async def fill(store: Repository) -> None:
    """Write something of everything that a store can keep."""
    for work in (_first, _second, _third):
        await store.write(work)
    _, failed, done = await store.due_outbox(10, _LATE)
    await store.postpone_outbox(failed.id, _START + timedelta(hours=1), "Temporal is away")
    await store.complete_outbox([done.id])


async def read(store: Repository) -> dict[str, Any]:
    """Everything that a store tells, as JSON values. What later versions add to a record does not count."""
    now = {"revision": await store.revision()}
    lists = {
        "all": ListQuery(),
        "red": ListQuery(labels={"team": "red"}),
        "completed": ListQuery(kinds=("agent_execution",), fields={"phase": "COMPLETED"}, labels={"team": "blue"}),
        "text": ListQuery(text="NAME OF"),
    }
    found = {name: [item.id for item in (await store.list(query)).items] for name, query in lists.items()}
    by_request = await store.find_by_request_id("agent", "local", "req-1")
    by_slug = await store.find_by_slug("agent", "local", "agt-01")
    return {
        **now,
        "lists": found,
        "by_request": by_request and by_request.id,
        "by_slug": by_slug and by_slug.id,
        "resources": [_plain(item) for item in (await store.list(ListQuery())).items],
        "changes": [
            {"revision": c.revision, "operation": c.operation.value, "record": _plain(c.record)}
            for c in await store.changes(0, 100)
        ],
        "events": [_plain(event) for event in await store.events(_EXECUTION)],
        "outbox": [
            {name: value for name, value in _plain(item).items() if name != "created_at"}
            for item in await store.due_outbox(10, _LATE)
        ],
    }


def _plain(item: Any) -> dict[str, Any]:
    return {
        name: value.hex() if isinstance(value, bytes) else value.isoformat() if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(item).items()
    }


async def _generate(path: Path) -> dict[str, Any]:
    store = open_repository(f"sqlite:///{path}")
    await fill(store)
    told = await read(store)
    await store.close()
    return told


def main() -> None:
    """Write NNNN.sql and NNNN.json for the version that this checkout has; refuse to change one that is there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stigmer.db"
        told = asyncio.run(_generate(path))
        connection = sqlite3.connect(path)
        ((version,),) = connection.execute("SELECT version_num FROM alembic_version")
        dump = "\n".join(connection.iterdump()) + "\n"
        connection.close()
    target = FOLDER / f"{version}.sql"
    if target.exists():
        sys.exit(f"{target} exists: a released schema never changes; add a migration first")
    target.write_text(dump, encoding="utf-8")
    target.with_suffix(".json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {target} and {target.with_suffix('.json')}\n")


if __name__ == "__main__":
    main()
