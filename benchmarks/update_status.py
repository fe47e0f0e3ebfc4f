"""Durable `updateStatus` at 64 callers against an empty RPC of the same server process (SQLite, fsync).

    python benchmarks/update_status.py [seconds per measurement]

Each caller reports to an execution of its own; a report is acknowledged when it is on the disk. Rounds of both calls
alternate, so that a noisy machine disturbs both alike. Bound: 60 %; aim: 80 %. The processor time of the server says
what a report costs also where other programs take the processors away.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import psutil
import served

from stigmer_api.client import AsyncClient
from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_api.methods import Method, method

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
        served.server(Path(folder) / "home") as (process, address, token),
    ):
        ids = await executions(address, token)
        bodies = [body_of(update, execution_id, number) for number, execution_id in enumerate(ids)]
        metadata = (("authorization", f"Bearer {token}"),)
        sequence = count(1)
        async with served.raw_channel(address) as channel:
            empty_stub, update_stub = channel.unary_unary(served.EMPTY), channel.unary_unary(update.path)

            async def empty(_number: int) -> None:
                await empty_stub(b"", metadata=metadata)

            async def report(number: int) -> None:
                numbered = update.request(sequence=next(sequence)).SerializeToString()
                await update_stub(bodies[number] + numbered, metadata=metadata)  # joined messages are one message

            rounds = []
            for _ in range(ROUNDS):
                baseline = await measured(process.pid, seconds, empty)
                rounds.append((*baseline, *await measured(process.pid, seconds, report)))
    baseline, empty_cost, durable, cost = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(durable / baseline for baseline, _, durable, _ in rounds)
    print(f"empty RPC, {CALLERS} callers            {baseline:7,.0f} calls/s, {empty_cost:4.0f} us of the server each")
    print(f"durable updateStatus, {CALLERS} callers {durable:7,.0f} calls/s, {cost:4.0f} us of the server each")
    print(f"throughput {ratio:.0%} of an empty RPC, processor time {cost / empty_cost:.2f} times")


def body_of(update: Method, execution_id: str, number: int) -> bytes:
    """A report of a message that grows, but for its sequence number."""
    request = update.request(execution_id=execution_id)
    request.status.phase = 2  # type: ignore[attr-defined]  # in progress
    request.status.messages.add(id="answer", content=f"{number} " * 200)  # type: ignore[attr-defined]
    return request.SerializeToString()


async def measured(pid: int, seconds: float, call: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
    """Calls a second, and microseconds of the server's processor time for each."""
    server = psutil.Process(pid)
    before, started = server.cpu_times(), time.perf_counter()
    rate = await served.throughput(CALLERS, seconds, call)
    after, calls = server.cpu_times(), rate * (time.perf_counter() - started)
    return rate, (after.user + after.system - before.user - before.system) / calls * 1e6


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
