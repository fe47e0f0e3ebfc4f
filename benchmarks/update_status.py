"""Durable `updateStatus` at 64 callers against an empty RPC of the same server process (SQLite, fsync).

    python benchmarks/update_status.py [seconds per measurement]

Each caller reports to an execution of its own; a report is acknowledged when it is on the disk. Rounds of both calls
alternate, so that a noisy machine disturbs both alike. Bound: 60 %; aim: 80 %.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from itertools import count
from pathlib import Path

import served

from stigmer_api.client import AsyncClient
from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_api.methods import method

CALLERS = 64
ROUNDS = 5
KEY = "agent_execution"


async def executions(address: str, token: str) -> list[str]:
    """Ids of one running execution per caller."""
    agent = kind_by_key("agent").message(api_version=API_VERSION, kind="Agent")
    agent.metadata.name = "bench"  # type: ignore[attr-defined]  # every kind has metadata and spec
    agent.spec.instructions = "You do nothing at all."  # type: ignore[attr-defined]
    async with AsyncClient(address, token) as client:
        agent_id = (await client.call("agent", "apply", agent)).metadata.id
        found = []
        for _ in range(CALLERS):
            run = kind_by_key(KEY).message(api_version=API_VERSION, kind="AgentExecution")
            run.metadata.SetInParent()  # type: ignore[attr-defined]
            run.spec.agent_id, run.spec.message = agent_id, "hello"  # type: ignore[attr-defined]
            found.append((await client.call(KEY, "create", run)).metadata.id)
    return found


async def main(seconds: float) -> None:
    update = method(KEY, "updateStatus")
    with (
        tempfile.TemporaryDirectory() as folder,
        served.server(Path(folder) / "home") as (_, address, token),
    ):
        ids = await executions(address, token)
        metadata = (("authorization", f"Bearer {token}"),)
        sequence = count(1)
        async with served.raw_channel(address) as channel:
            empty_stub, update_stub = channel.unary_unary(served.EMPTY), channel.unary_unary(update.path)

            async def empty(_number: int) -> None:
                await empty_stub(b"", metadata=metadata)

            async def report(number: int) -> None:
                request = update.request(execution_id=ids[number], sequence=next(sequence))
                request.status.phase = 2  # type: ignore[attr-defined]  # in progress
                request.status.messages.add(id="answer", content=f"{number} " * 200)  # type: ignore[attr-defined]
                await update_stub(request.SerializeToString(), metadata=metadata)

            rounds = []
            for _ in range(ROUNDS):
                baseline = await served.throughput(CALLERS, seconds, empty)
                rounds.append((baseline, await served.throughput(CALLERS, seconds, report)))
    baseline, durable = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(durable / baseline for baseline, durable in rounds)
    print(f"empty RPC, {CALLERS} callers            {baseline:7,.0f} calls/s")
    print(f"durable updateStatus, {CALLERS} callers {durable:7,.0f} calls/s   {ratio:4.0%} of an empty RPC")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
