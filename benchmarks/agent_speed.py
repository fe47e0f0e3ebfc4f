"""The agent runner's speed: a runner process, Temporal's dev server, and a model in a process of its own.

    uv run --no-sync python benchmarks/agent_speed.py [--rounds 5]

The cost of a step is the slope between a short and a long conversation, so that starts do not count; the bare loop is
the same deep agent with the same model and the same tool, driven as its documentation shows. Both kinds of time are
told: of the clock, and of the processor, which a busy machine moves less.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from agent_peers import FILE, MODEL, BenchApi, Runner, new_session, polled, world
from agent_runner_testing.stack import Stack
from deepagents import create_deep_agent
from deepagents.backends import FilesystemBackend
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from pydantic import SecretStr

SHORT, LONG = 5, 45
CALLS, RESULT = 60, "0123456789" * 1024
SPEAKERS, WORDS = 5, 400

Step = Callable[[int], Awaitable[tuple[float, float]]]
"""Runs a conversation of so many steps; returns its seconds of the clock and of the processor."""


def bare(base_url: str, *, saved: bool) -> Step:
    """The deep agent alone; saved: with the framework's own saver on SQLite, synced as ours is."""

    async def run(steps: int) -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / FILE.lstrip("/")).write_text("a short line\n")
            async with AsyncSqliteSaver.from_conn_string(f"{folder}/saved.db") as saver:
                agent: Any = create_deep_agent(
                    ChatOpenAI(
                        model="bench", base_url=base_url, api_key=SecretStr("none"), max_retries=0, stream_usage=True
                    ),
                    system_prompt="You answer politely and briefly.",
                    backend=FilesystemBackend(root_dir=folder, virtual_mode=True),
                    checkpointer=saver if saved else None,
                )
                config = {"configurable": {"thread_id": "t"}, "recursion_limit": 1000}
                given = {"messages": [{"role": "user", "content": f"read {steps}"}]}
                begun, used = time.perf_counter(), time.process_time()
                more = {"durability": "sync"} if saved else {}
                async for _ in agent.astream(given, config, stream_mode="messages", **more):
                    pass
                return time.perf_counter() - begun, time.process_time() - used

    return run


def ours(stack: Stack, runner: Runner) -> Step:
    """An execution: from its creation to the report of its end."""

    async def run(steps: int) -> tuple[float, float]:
        session = new_session(stack)
        begun, used = time.perf_counter(), runner.cpu()
        done = await stack.run(session, f"read {steps}")
        assert done.status.phase == 3, done.status.error
        return time.perf_counter() - begun, runner.cpu() - used

    return run


async def costs(kinds: dict[str, Step], rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds of a step in each kind, clock and processor: the medians of interleaved rounds."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for run in kinds.values():
        await run(1)  # imports and connections
    for _ in range(rounds):
        for name, run in kinds.items():
            short, long = await run(SHORT), await run(LONG)
            slope = [(more - less) / (LONG - SHORT) * 1000 for less, more in zip(short, long, strict=True)]
            found[name].append((slope[0], slope[1]))
    return {
        name: (statistics.median(one[0] for one in all_), statistics.median(one[1] for one in all_))
        for name, all_ in found.items()
    }


async def traffic(stack: Stack) -> tuple[float, float]:
    """KB of reports and KB of history of an execution with sixty results of 10 KB."""
    session = new_session(stack, RESULT)
    execution = stack.api.add_execution(session, f"read {CALLS}")
    handle = await stack.start(execution)
    done = await stack.api.finished(execution)
    assert done.status.phase == 3, done.status.error
    await handle.result()
    sent = sum(report.ByteSize() for report in stack.api.reports[execution])
    return sent / 1e3, sum([event.ByteSize() async for event in handle.fetch_history_events()]) / 1e3


async def lag(stack: Stack, api: BenchApi) -> tuple[float, float]:
    """p50 and p95 of the milliseconds from a word leaving the model to its report at the server."""
    seen: dict[str, int] = {}
    lags: list[float] = []

    def watch(request: Any) -> None:
        now = time.time()
        for message in request.status.messages:
            if message.id == "turn-0":
                words = message.content.split()
                lags.extend((now - float(word)) * 1000 for word in words[seen.get(request.execution_id, 0) :])
                seen[request.execution_id] = max(len(words), seen.get(request.execution_id, 0))

    api.on_report = watch
    await asyncio.gather(*(stack.run(new_session(stack), f"speak {WORDS}") for _ in range(SPEAKERS)))
    api.on_report = None
    assert len(lags) == SPEAKERS * WORDS, len(lags)
    lags.sort()
    return statistics.median(lags), lags[int(len(lags) * 0.95)]


async def measure(rounds: int) -> list[tuple[str, float, str, float | None]]:
    """Name, figure, unit and the most that it may be."""
    async with world() as (stack, api, base_url):
        begun = time.perf_counter()
        runner = Runner(stack, base_url)
        try:
            await polled(stack)
            ready, idle, spent = time.perf_counter() - begun, runner.memory(), runner.cpu()
            steps = await costs(
                {
                    "bare": bare(base_url, saved=False),
                    "saved": bare(base_url, saved=True),
                    "ours": ours(stack, runner),
                },
                rounds,
            )
            used = runner.memory()
            sent, history = await traffic(stack)
            middle, late = await lag(stack, api)
        finally:
            runner.stop()
    clock, processor = ([steps[name][at] for name in ("bare", "saved", "ours")] for at in (0, 1))
    return [
        ("runner ready", ready, "s", 3),
        ("its processor time until then", spent, "s", None),
        ("its memory then", idle, "MB", 200),
        (f"its memory after {rounds * 2 + 1} conversations with {MODEL}", used, "MB", None),
        ("a step of the bare loop, clock", clock[0], "ms", None),
        ("the same with the framework's saver", clock[1], "ms", None),
        ("a step of ours", clock[2], "ms", None),
        ("own cost of a step, clock", clock[2] - clock[0], "ms", 7),
        ("own cost over the loop with saver, clock", clock[2] - clock[1], "ms", None),
        ("a step of the bare loop, processor", processor[0], "ms", None),
        ("the same with the framework's saver, processor", processor[1], "ms", None),
        ("a step of ours, processor", processor[2], "ms", None),
        ("own cost of a step, processor", processor[2] - processor[0], "ms", 7),
        ("ratio of a step to the bare loop, processor", processor[2] / processor[0], "", None),
        ("status of 60 calls of 10 KB", sent, "KB", 3000),
        ("Temporal history of them", history, "KB", 100),
        ("lag of the status, p50", middle, "ms", None),
        ("lag of the status, p95", late, "ms", 300),
    ]


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="conversations of each length and kind")
    load = os.getloadavg()[0]
    found = asyncio.run(measure(parser.parse_args().rounds))
    for name, figure, unit, bound in found:
        judged = "" if bound is None else f"(at most {bound:g})" + (" MISSED" if figure > bound else "")
        print(f"{name:58} {figure:9.2f} {unit:3} {judged}")
    print(json.dumps({"load before": load, "load after": os.getloadavg()[0], "cores": os.cpu_count()}))


if __name__ == "__main__":
    main()
