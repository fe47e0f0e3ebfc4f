"""What the first page of a list costs in a store of 100,000 resources, against one of 1,000.

    python benchmarks/store_lists.py

Filters match the same share of both stores. Totals of filters are remembered until somebody writes: "with the total,
after a write" has a write before each list, as a busy store does. Medians; the ratio is what counts, on one machine in
one run. The last column holds each query with two filters against the slower of its filters alone.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stigmer_store import ListQuery, Repository, ResourceRecord, Transaction, open_repository

SMALL, LARGE = 1_000, 100_000
ROUNDS = 25
BODY = b"x" * 1024
START = datetime(2026, 1, 1, tzinfo=UTC)

SINGLE = {
    "phase": {"fields": {"phase": "COMPLETED"}},  # 9 of 10
    "session": {"fields": {"session": "ses-7"}},  # 50 of any
    "team": {"labels": {"team": "team-3"}},  # 1 of 10
    "rare": {"labels": {"rare": "yes"}},  # 1 of 100
}
QUERIES: dict[str, tuple[str, ...]] = {
    "no filter": (),
    **{name: (name,) for name in SINGLE},
    "phase + session": ("phase", "session"),
    "phase + team": ("phase", "team"),
    "phase + rare": ("phase", "rare"),
    "team + rare": ("team", "rare"),
}


def record(tx: Transaction, number: int, size: int) -> ResourceRecord:
    created = START + timedelta(seconds=number)
    labels = {"team": f"team-{number % 10}", **({"rare": "yes"} if number % 100 == 3 else {})}
    fields = {"phase": "RUNNING" if number % 10 == 1 else "COMPLETED", "session": f"ses-{number % (size // 50)}"}
    id_ = f"aex-{number:08}"
    return ResourceRecord("aex", id_, "local", id_, id_, tx.revision(), created, created, BODY, labels, fields)


async def filled(url: str, size: int) -> Repository:
    store = open_repository(url)
    for start in range(0, size, 1000):

        def work(tx: Transaction, start: int = start) -> None:
            for number in range(start, start + 1000):
                tx.put(record(tx, number, size))

        await store.write(work)
    return store


async def median(store: Repository, query: ListQuery, *, written: bool) -> float:
    """Milliseconds."""
    times = []
    for _ in range(ROUNDS):
        if written:
            await store.write(lambda tx: tx.put(replace(record(tx, 0, SMALL), kind="other")))
        begun = time.perf_counter()
        await store.list(query)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def query_of(names: tuple[str, ...], counted: bool) -> ListQuery:
    labels = {key: value for name in names for key, value in SINGLE[name].get("labels", {}).items()}
    fields = {key: value for name in names for key, value in SINGLE[name].get("fields", {}).items()}
    return ListQuery(kinds=("aex",), labels=labels, fields=fields, newest_first=True, counted=counted)


async def report(small: Repository, large: Repository, title: str) -> None:
    alone: dict[str, float] = {}
    counted, written = "with the total" in title, "after a write" in title
    print(f"\n{title:30} {SMALL:>9,} {LARGE:>11,}   ratio   to a single filter")
    for name, names in QUERIES.items():
        query = query_of(names, counted)
        low, high = [await median(store, query, written=written) for store in (small, large)]
        alone[name] = high
        slower = f"{high / max(alone[item] for item in names):9.2f}" if len(names) > 1 else ""
        print(f"{name:30} {low:6.2f} ms {high:8.2f} ms {high / low:7.2f} {slower}")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = await filled(f"sqlite:///{folder}/small.db", SMALL)
        large = await filled(f"sqlite:///{folder}/large.db", LARGE)
        for title in ("without the total", "with the total", "with the total, after a write"):
            await report(small, large, title)
        await small.close()
        await large.close()


if __name__ == "__main__":
    asyncio.run(main())
