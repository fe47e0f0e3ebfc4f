"""The workflow runner's speed on real Temporal: a runner process, the dev server as `up` starts it, HTTP on loopback.

    uv run --no-sync python benchmarks/workflow_speed.py

Prints each figure with its bound, and beside it what a bare worker of Temporal's SDK (`bare_temporal.py`) needs in the
same run: on a busy machine both are slow, and their ratio says more than either.
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
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
AT_ONCE, WORKFLOWS, FINISHED = 50, 200, 1000
HOPS = 40


@dataclass(frozen=True)
class Figure:
    """What was measured; `base` is what the bare worker needs for it. A rate's bound is the least, others the most."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    base: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the bound was missed by more than twice."""
        if self.bound is None:
            return False
        return self.value < self.bound / 2 if self.unit == "a second" else self.value > self.bound * 2

    def __str__(self) -> str:
        text = f"{self.name:60} {self.value:9.1f} {self.unit:9}"
        if self.bound is not None:
            text += f" ({'at least' if self.unit == 'a second' else 'at most'} {self.bound:g})"
        return text if not self.base else f"{text}; bare {self.base:.1f}, ratio {self.value / self.base:.2f}"


class Service(HttpService):
    """Counts how many calls are there at a time; each takes `seconds`. Keeps connections, as web servers do."""

    keeps = True

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


async def at_once(times: int, one: Callable[[], Awaitable[object]]) -> float:
    """How many a second, `AT_ONCE` at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def placed() -> None:
        async with places:
            await one()

    begun = time.perf_counter()
    await asyncio.gather(*(placed() for _ in range(times)))
    return times / (time.perf_counter() - begun)


@dataclass
class Cost:
    """Processor time of processes while something ran, in milliseconds for one of its `times`."""

    spent: list[float]

    @classmethod
    @contextmanager
    def of(cls, times: int, *processes: psutil.Process) -> Iterator[Cost]:
        """Measure the block."""
        before = [cpu(process) for process in processes]
        cost = cls([])
        yield cost
        cost.spent = [(cpu(process) - then) / times * 1000 for process, then in zip(processes, before, strict=True)]


async def bare(stack: Stack, times: int) -> float:
    """Seconds of a bare workflow of so many empty activities."""
    begun = time.perf_counter()
    await stack.temporal.execute_workflow("bare", times, id=f"bare-{os.urandom(6).hex()}", task_queue="bare")
    return time.perf_counter() - begun


async def hop(stack: Stack, url: str) -> Figure:
    """The time of one call among many."""
    for warm in (seconds_of(stack, CALLS, {"n": 5, "url": url}), bare(stack, 5)):
        await warm
    empty, nothing = await median(stack, CALLS, {"n": 0, "url": url}), await bare(stack, 0)
    ours, base = [], []
    for _ in range(7):  # in turn, so that the machine is as busy for one as for the other
        ours.append(await seconds_of(stack, CALLS, {"n": HOPS, "url": url}) - empty)
        base.append(await bare(stack, HOPS) - nothing)
    spent, least = statistics.median(ours) / HOPS * 1000, statistics.median(base) / HOPS * 1000
    return Figure("a hop through one activity (an HTTP call), p50", spent, "ms", 20, least)


async def in_memory(stack: Stack) -> list[Figure]:
    """Loops that touch nothing."""
    await median(stack, LOOP, {"n": 3})  # warm
    empty = await median(stack, LOOP, {"n": 0})
    thousand = await median(stack, LOOP, {"n": 1000}) - empty
    ten_thousand = await median(stack, LOOP, {"n": 10_000}, 3) - empty
    few, many = [await events_of(stack, LOOP, {"n": n}) for n in (0, 1000)]
    return [
        Figure("1,000 iterations in memory", thousand * 1000, "ms", 100),
        Figure("events that they add", many - few, "events", 0),
        Figure("10,000 iterations in memory", ten_thousand * 1000, "ms", 2000),
    ]


async def throughput(stack: Stack, url: str, runner: psutil.Process, base: psutil.Process) -> list[Figure]:
    """Workflows of three HTTP calls, against bare ones of three empty activities."""
    workflow = stack.api.add_workflow(THREE)
    temporal = next(p for p in psutil.Process().children() if "temporal" in p.name())

    async def one() -> None:
        execution = stack.api.add_execution(workflow, {"url": url})
        await stack.start(execution)
        await stack.api.ended(execution, 240)
        assert stack.api.status(execution).phase == 3, stack.api.status(execution).error

    await at_once(AT_ONCE, one)
    await at_once(AT_ONCE, lambda: bare(stack, 3))
    stack.api.calls.clear()
    with Cost.of(WORKFLOWS, runner, temporal, psutil.Process()) as ours:
        speed = await at_once(WORKFLOWS, one)
    calls = Counter(stack.api.calls)
    with Cost.of(WORKFLOWS, base, temporal) as theirs:
        base_speed = await at_once(WORKFLOWS, lambda: bare(stack, 3))
    before = runner.memory_info().rss
    await at_once(FINISHED, one)
    grown = (runner.memory_info().rss - before) / 1024 / FINISHED
    events = await _events_of_one(stack, workflow, url)
    return [
        Figure("workflows of three HTTP calls, 50 at once", speed, "a second", 30, base_speed),
        Figure("  processor time of the runner for one", ours.spent[0], "ms", 30, theirs.spent[0]),
        Figure("  processor time of Temporal for one", ours.spent[1], "ms", None, theirs.spent[1]),
        Figure("  processor time of API server and HTTP service for one", ours.spent[2], "ms", 20),
        Figure("  calls of the API server to load one", _of(calls, "get") / WORKFLOWS, "calls", 1),
        Figure("  reports of one", _of(calls, "updateStatus") / WORKFLOWS, "calls", 5),
        Figure("  events of one", events, "events", 40),
        Figure(f"memory that {FINISHED:,} finished ones leave, each", grown, "KiB", 4),
    ]


async def _events_of_one(stack: Stack, workflow: Any, url: str) -> int:
    execution = stack.api.add_execution(workflow, {"url": url})
    handle = await stack.start(execution)
    await handle.result()
    return len([event async for event in handle.fetch_history_events()])


def _of(calls: Counter[str], verb: str) -> int:
    return sum(number for name, number in calls.items() if name.endswith(f".{verb}"))


async def measure(stack: Stack, http: Service, runner: psutil.Process, base: psutil.Process) -> list[Figure]:
    """All figures."""
    figures = await in_memory(stack)
    figures.append(await hop(stack, http.url))
    figures.extend(await throughput(stack, http.url, runner, base))
    http.seconds, http.most = 0.05, 0
    fork = await seconds_of(stack, FORK, {"url": http.url})
    return [
        *figures,
        Figure("HTTP calls of a fork of 200 at a time (concurrency 20)", http.most, "calls", 20),
        Figure("that fork; 50 ms a call would be 500 ms at best", fork * 1000, "ms", 4000),
    ]


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process so far; other processes on the machine do not change it much."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def run(address: str, home: Path) -> list[Figure]:
    api, http = ApiServer(), Service()
    await api.start()
    await http.start()
    stack = Stack(await wait_for_temporal(address), api, address, "speed", home)
    environment = stack.environment(STIGMER_LOG_LEVEL="warning")
    commands = (["-m", "stigmer_workflow_runner"], [str(Path(__file__).with_name("bare_temporal.py")), address, "bare"])
    workers = [subprocess.Popen([sys.executable, *command], env=environment) for command in commands]  # noqa: ASYNC220 - at once
    try:
        return await measure(stack, http, *(psutil.Process(worker.pid) for worker in workers))
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()
        await http.stop()
        await api.stop()


def main() -> None:
    """Measure and judge."""
    load = os.getloadavg()[0]
    with dev_server() as address, tempfile.TemporaryDirectory() as home:
        found = asyncio.run(run(address, Path(home)))
    for figure in found:
        print(figure)
    print(json.dumps({"load before": load, "load after": os.getloadavg()[0], "cores": os.cpu_count()}))
    missed = any(figure.missed for figure in found)
    print("a bound was missed by more than twice" if missed else "every bound was held within a factor of two")


if __name__ == "__main__":
    main()
