"""A server process with a database of its own, for the benchmarks of the API server; not a benchmark itself."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import grpc.aio

EMPTY = "/grpc.health.v1.Health/Check"
"""The empty RPC: a request of no bytes, through the same interceptors, answered from a dictionary."""


@contextmanager
def server(home: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Process, address and token of a server on SQLite with fsync."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("STIGMER_")}
    environment |= {"STIGMER_HOME": str(home), "STIGMER_PORT": "0", "TEMPORAL_SERVICE_ADDRESS": "127.0.0.1:1"}
    environment["STIGMER_LOG_LEVEL"] = "info"
    command = [sys.executable, "-m", "stigmer_server"]
    log = home.with_suffix(".log")
    with log.open("w") as sink:
        process = subprocess.Popen(command, env=environment, stderr=sink, text=True)
    try:
        yield process, _address(log, process), (home / "token").read_text().strip()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def _address(log: Path, process: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"serving"' in line:
                return str(json.loads(line)["address"])
        time.sleep(0.05)
    raise SystemExit(f"the server does not serve: {log.read_text()}")


@asynccontextmanager
async def raw_channel(address: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel for calls with bytes."""
    async with grpc.aio.insecure_channel(address) as channel:
        yield channel


async def throughput(callers: int, seconds: float, call: Callable[[int], Awaitable[object]]) -> float:
    """Calls a second by so many callers at once; each hands its number on."""
    end = time.perf_counter() + seconds
    counts = [0] * callers

    async def caller(number: int) -> None:
        while time.perf_counter() < end:
            await call(number)
            counts[number] += 1

    started = time.perf_counter()
    await asyncio.gather(*map(caller, range(callers)))
    return sum(counts) / (time.perf_counter() - started)


async def latencies(callers: int, seconds: float, call: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    found: list[float] = []

    async def timed(number: int) -> None:
        started = time.perf_counter()
        await call(number)
        found.append((time.perf_counter() - started) * 1000)

    await throughput(callers, seconds, timed)
    found.sort()
    return statistics.median(found), found[int(len(found) * 0.99)]
