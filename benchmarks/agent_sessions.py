"""Many sessions of many steps in one runner process: does its memory stay flat?

    uv run --no-sync python benchmarks/agent_sessions.py [--sessions 40] [--steps 50] [--model scripted]

The full run is `--sessions 200`. Prints resident memory after each tenth. It is flat when the mean of the last three
tenths is at most a tenth above the mean of the third to the fifth; exits 1 when it is not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time

from agent_peers import FILE, Runner, new_session, polled, world
from agent_runner_testing.stack import Stack

AT_ONCE = 10


def script(steps: int) -> str:
    """As many turns that read a file, then an answer."""
    turns = [f"      - call: [{{tool: read_file, args: {{path: '{FILE}', limit: {1000 + n}}}}}]" for n in range(steps)]
    return "\n".join(["version: 1", "cases:", "  - turns:", *turns, "      - say: done"])


async def one(stack: Stack, model: str, steps: int) -> None:
    """A session with one execution."""
    session = new_session(stack, "0123456789\n" * 100, model=model, script=script(steps))
    done = await stack.run(session, f"read {steps}")
    assert done.status.phase == 3, done.status.error
    stack.api.reports.clear()


async def measure(sessions: int, steps: int, model: str) -> tuple[list[float], float]:
    """Memory after each tenth, and the steps a second."""
    async with world() as (stack, _, base_url):
        runner = Runner(stack, base_url)
        try:
            await polled(stack)
            places, memory, begun = asyncio.Semaphore(AT_ONCE), [], time.perf_counter()

            async def held() -> None:
                async with places:
                    await one(stack, model, steps)

            for _ in range(10):
                await asyncio.gather(*(held() for _ in range(max(1, sessions // 10))))
                memory.append(runner.memory())
            return memory, sessions * steps / (time.perf_counter() - begun)
        finally:
            runner.stop()


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--model", default="scripted", help="scripted, or ollama:bench for the deep agent")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    memory, rate = asyncio.run(measure(args.sessions, args.steps, args.model))
    before, after = statistics.mean(memory[2:5]), statistics.mean(memory[-3:])
    print("memory after each tenth, MB:", " ".join(f"{size:.0f}" for size in memory))
    print(
        f"{args.sessions} sessions of {args.steps} steps, {rate:.0f} steps a second; memory {after / before:.3f} times"
    )
    print(json.dumps({"load before": load, "load after": os.getloadavg()[0], "cores": os.cpu_count()}))
    sys.exit(after > before * 1.1)


if __name__ == "__main__":
    main()
