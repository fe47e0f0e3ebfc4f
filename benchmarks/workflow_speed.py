"""The workflow runner's speed on real Temporal: a runner process, the dev server as `up` starts it, HTTP on loopback.

    uv run --no-sync python benchmarks/workflow_speed.py

Prints each figure with its bound.
The API server is the tests' one, in this process, like the HTTP service; so both take from the two cores as well.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "packages/stigmer-workflow-runner/tests"))

from runner_documents import HEAD
from runner_peer import ApiServer, HttpService
from runner_testing import Stack, dev_server, wait_for_temporal

LOOP = HEAD + "do: [{sum: {for: {in: '[range(.n)]'}, do: [{add: {set: {n: 0, t: '${ (.t // 0) + $item }'}}}]}}]"
CALL = "{call: http, input: {from: '{}'}, with: {method: get, endpoint: '${ $workflow.input.url }'}}"
CALLS = HEAD + f"do: [{{many: {{for: {{in: '[range($workflow.input.n)]'}}, do: [{{ask: {CALL}}}]}}}}]"
THREE = HEAD + f"do: [{{a: {CALL}}}, {{b: {CALL}}}, {{c: {CALL}}}]"
FORK = (
    HEAD
    + "do: [{all: {metadata: {concurrency: 20}, fork: {branches: ["
    + ", ".join(f"{{b{n}: {CALL}}}" for n in range(200))
    + "]}, output: {as: length}}}]"
)
AT_ONCE, WORKFLOWS = 50, 200


class Service(HttpService):
    """Counts how many calls are there at a time; each takes `seconds`."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds, self.running, self.most = 0.0, 0, 0
        self.answer = self._count

    async def _count(self, *_: Any) -> tuple[int, Any]:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self.seconds)
        self.running -= 1
        return 200, {}


async def seconds_of(stack: Stack, document: str, given: Any) -> float:
    """From start to the last report."""
    execution = stack.api.add_execution(stack.api.add_workflow(document), given)
    begun = time.perf_counter()
    await stack.start(execution)
    await stack.api.ended(execution, 120)
    assert stack.api.status(execution).phase == 3, stack.api.status(execution).error
    return time.perf_counter() - begun


async def events_of(stack: Stack, document: str, given: Any) -> int:
    _, handle = await stack.run(document, given)
    await handle.result()
    return len([event async for event in handle.fetch_history_events()])


async def median(stack: Stack, document: str, given: Any, times: int = 7) -> float:
    return statistics.median([await seconds_of(stack, document, given) for _ in range(times)])


async def rate(stack: Stack, url: str) -> float:
    """Workflows of three calls a second, 50 at once."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with places:
            await seconds_of(stack, THREE, {"url": url})

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(WORKFLOWS)))
    return WORKFLOWS / (time.perf_counter() - begun)


async def measure(stack: Stack, http: Service, runner: psutil.Process) -> list[tuple[str, float, str, float]]:
    """Name, figure, unit and bound; a rate's bound is the least, all others are the most."""
    url = http.url
    await median(stack, LOOP, {"n": 3})  # warm
    empty = await median(stack, LOOP, {"n": 0})
    thousand = await median(stack, LOOP, {"n": 1000}) - empty
    ten_thousand = await median(stack, LOOP, {"n": 10_000}, 3) - empty
    few, many = [await events_of(stack, LOOP, {"n": n}) for n in (0, 1000)]
    await seconds_of(stack, CALLS, {"n": 5, "url": url})
    hops = [await seconds_of(stack, CALLS, {"n": 40, "url": url}) - empty for _ in range(7)]
    before, others = cpu(runner), cpu(psutil.Process())
    speed = await rate(stack, url)
    spent, here = cpu(runner) - before, cpu(psutil.Process()) - others
    http.seconds, http.most = 0.05, 0
    fork = await seconds_of(stack, FORK, {"url": url})
    return [
        ("1,000 iterations in memory", thousand * 1000, "ms", 100),
        ("events that they add", many - few, "events", 0),
        ("10,000 iterations in memory", ten_thousand * 1000, "ms", 2000),
        ("a hop through one activity, p50", statistics.median(hops) / 40 * 1000, "ms", 20),
        ("workflows of three HTTP calls, 50 at once", speed, "a second", 30),
        ("CPU of the runner for one of them", spent / WORKFLOWS * 1000, "ms", 30),
        ("CPU of this process (API server, HTTP) for one of them", here / WORKFLOWS * 1000, "ms", 20),
        ("HTTP calls of a fork of 200 at a time (concurrency 20)", http.most, "calls", 20),
        ("that fork; 50 ms a call would be 500 ms at best", fork * 1000, "ms", 4000),
    ]


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process so far; other processes on the machine do not change it much."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def run(address: str, home: Path) -> list[tuple[str, float, str, float]]:
    api, http = ApiServer(), Service()
    await api.start()
    await http.start()
    stack = Stack(await wait_for_temporal(address), api, address, "speed", home)
    command = [sys.executable, "-m", "stigmer_workflow_runner"]
    runner = subprocess.Popen(command, env=stack.environment(STIGMER_LOG_LEVEL="warning"))  # noqa: ASYNC220 - at once
    try:
        return await measure(stack, http, psutil.Process(runner.pid))
    finally:
        runner.terminate()
        runner.wait()
        await http.stop()
        await api.stop()


def main() -> None:
    """Measure and judge."""
    load = os.getloadavg()[0]
    with dev_server() as address, tempfile.TemporaryDirectory() as home:
        found = asyncio.run(run(address, Path(home)))
    missed = False
    for name, figure, unit, bound in found:
        least = unit == "a second"
        missed |= figure < bound / 2 if least else figure > bound * 2
        print(f"{name:58} {figure:8.1f} {unit:9} ({'at least' if least else 'at most'} {bound:g})")
    print(json.dumps({"load before": load, "load after": os.getloadavg()[0], "cores": os.cpu_count()}))
    print("a bound was missed by more than twice" if missed else "every bound was held within a factor of two")


if __name__ == "__main__":
    main()
