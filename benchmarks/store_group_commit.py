"""How many durable writes a second the store does, and what group commit makes of them.

    python benchmarks/store_group_commit.py [seconds per measurement]

Every write is what `updateStatus` does: read a resource, replace it (1 KB body, one field moves), log the change.
Figures are ratios on one machine; compare runs only with themselves.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from stigmer_store import Repository, ResourceRecord, Transaction, open_repository

CALLERS = 64
BODY = b"x" * 1024


def create(id_: str) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        now = datetime.now(UTC)
        fields = {"phase": "IN_PROGRESS", "session": "ses-1"}
        tx.put(ResourceRecord("AgentExecution", id_, "local", id_, id_, tx.revision(), now, now, BODY, {}, fields))

    return work


def update(id_: str, phase: str) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        record = tx.require("AgentExecution", id_)
        fields = {**record.fields, "phase": phase}
        tx.put(replace(record, revision=tx.revision(), updated_at=datetime.now(UTC), body=BODY, fields=fields))

    return work


async def stored_writes(store: Repository, callers: int, seconds: float) -> float:
    """Writes a second by so many callers at once, each to its own resource."""
    end = time.perf_counter() + seconds

    async def caller(number: int) -> int:
        for count in itertools.count():
            if time.perf_counter() > end:
                return count
            await store.write(update(f"aex-{number}", f"phase-{count % 3}"))
        raise AssertionError

    return sum(await asyncio.gather(*map(caller, range(callers)))) / seconds


def raw_writes(path: Path, seconds: float) -> float:
    """Commits a second of a bare upsert with sqlite3, as durable as ours: the floor under any store."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE resources (id TEXT PRIMARY KEY, body BLOB)")
    end = time.perf_counter() + seconds
    for count in itertools.count():
        if time.perf_counter() > end:
            connection.close()
            return count / seconds
        connection.execute("INSERT OR REPLACE INTO resources VALUES (?, ?)", (f"aex-{count % CALLERS}", BODY))
    raise AssertionError


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_repository(f"sqlite:///{folder}/stigmer.db")
        for number in range(CALLERS):
            await store.write(create(f"aex-{number}"))
        serial = await stored_writes(store, 1, seconds)
        grouped = await stored_writes(store, CALLERS, seconds)
        await store.close()
        raw = raw_writes(Path(folder) / "raw.db", seconds)
    print(f"{CALLERS} writers at once   {grouped:8,.0f} writes/s")
    print(f"one writer            {serial:8,.0f} writes/s   {grouped / serial:5.1f} times fewer")
    print(f"raw sqlite3, one row  {raw:8,.0f} commits/s  {grouped / raw:5.2f} = grouped writes per raw commit")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
