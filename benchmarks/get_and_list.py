"""`get` against an empty RPC of the same server, and the first page over 100,000 resources against one over 1,000.

    python benchmarks/get_and_list.py [seconds per measurement]

Bound: the page over 100,000 takes at most twice the time of the page over 1,000, also of a method that answers a total.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import served

from stigmer_api.kinds import API_VERSION, DEFAULT_ORG, kind_by_key
from stigmer_api.methods import RESOURCE_SERVICE, method
from stigmer_store import Repository, ResourceRecord, Transaction, open_repository

MANY = 100_000
FEW = 1_000
CHUNK = 2_000
ROUNDS = 5


def put(kind: str, org: str, first: int, last: int) -> Callable[[Transaction], None]:
    """A work that stores resources with these numbers."""

    def work(tx: Transaction) -> None:
        now = datetime.now(UTC)
        for number in range(first, last):
            message = kind_by_key(kind).message(api_version=API_VERSION, kind=kind_by_key(kind).name)
            metadata = message.metadata  # type: ignore[attr-defined]  # every kind has one
            metadata.id, metadata.slug, metadata.org = f"env-{org}-{number}", f"thing-{number}", org
            metadata.name, metadata.revision = metadata.slug, tx.revision()
            body = message.SerializeToString() + b"\x22\x00"
            names = (metadata.id, org, metadata.slug, metadata.slug)
            tx.put(ResourceRecord(kind, *names, tx.revision(), now, now, body, {}, {}))

    return work


async def fill(home: Path) -> None:
    """Two orgs of different size; written past the server, which is not running yet."""
    (home / "data").mkdir(mode=0o700, parents=True)
    store: Repository = open_repository(f"sqlite:///{home}/data/stigmer.db")
    for org, total in (("many", MANY), ("few", FEW), (DEFAULT_ORG, 10)):
        for first in range(0, total, CHUNK):
            await store.write(put("environment", org, first, min(first + CHUNK, total)))
    await store.close()


async def main(seconds: float) -> None:
    get, listed = method("environment", "get"), method("environment", "list")
    pages = method(RESOURCE_SERVICE, "List")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        await fill(home)
        with served.server(home) as (_, address, token):
            metadata = (("authorization", f"Bearer {token}"),)
            async with served.raw_channel(address) as channel:

                def calling(path: str, body: bytes) -> Callable[[int], object]:
                    stub = channel.unary_unary(path)
                    return lambda _number: stub(body, metadata=metadata)

                empty = calling(served.EMPTY, b"")
                one = calling(get.path, get.request(value=f"env-{DEFAULT_ORG}-1").SerializeToString())
                for callers in (1, 32):
                    base = await served.latencies(callers, seconds, empty)
                    found = await served.latencies(callers, seconds, one)
                    print(
                        f"get, {callers:2} callers: p50 {found[0]:6.2f} ms, p99 {found[1]:6.2f} ms; empty RPC "
                        f"{base[0]:6.2f} and {base[1]:6.2f} ms   {found[0] / base[0]:4.2f} times at p50"
                    )
                for name, rpc, page_of in (
                    ("ResourceService.List", pages, {"page_size": 50, "kinds": [kind_by_key("environment").number]}),
                    ("Environment.list, with the total", listed, {"page_info": {"num": 1, "size": 50}}),
                ):
                    rounds: dict[str, list[float]] = {"few": [], "many": []}
                    for _ in range(ROUNDS):
                        for org, found_so_far in rounds.items():
                            body = rpc.request(org=org, **page_of).SerializeToString()
                            found_so_far.append(
                                (await served.latencies(1, seconds / ROUNDS, calling(rpc.path, body)))[0]
                            )
                    many, few = (statistics.median(rounds[org]) for org in ("many", "few"))
                    print(f"first page of 50 ({name}): p50 {many:.2f} ms of {MANY:,}, {few:.2f} ms of {FEW:,}")
                    print(f"over {MANY:,} against over {FEW:,}: {many / few:4.2f} times at p50")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
