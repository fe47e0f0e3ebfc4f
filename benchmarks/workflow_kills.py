"""Kill -9 the workflow runner again and again while a corpus of nested documents runs; then look at what came of it.

    uv run --no-sync python benchmarks/workflow_kills.py --kills 50

Real Temporal, real runner processes, a real HTTP service, and the test's API server over gRPC. Every HTTP call has a
path of its own. Prints how many executions gave their output, how many calls were made, how many of them more than
once (cut off by a kill: at least once, with the same Idempotency-Key), and exits 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "packages/stigmer-workflow-runner/tests"))

from durability_corpus import CALLS, CORPUS, OUTPUTS
from runner_peer import ApiServer, HttpService
from runner_testing import Stack, dev_server, wait_for_temporal

COPIES_AT_ONCE, COMPLETED = 4, 3


async def keep_running(stack: Stack, url: str, stop: asyncio.Event, started: dict[str, str]) -> None:
    """Start a copy of the corpus whenever fewer than some run."""
    copy = 0
    while not stop.is_set():
        for name, document in CORPUS.items():
            given = {"url": f"{url}/{copy}"}
            execution = stack.api.add_execution(stack.api.add_workflow(document, name.replace(" ", "-")), given)
            await stack.start(execution)
            started[execution] = name
        copy += 1
        while not stop.is_set() and unfinished(stack, started) > COPIES_AT_ONCE * len(CORPUS):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.2)


def unfinished(stack: Stack, started: dict[str, str]) -> int:
    return sum(stack.api.status(execution).phase < COMPLETED for execution in started)


def spawn(stack: Stack) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "stigmer_workflow_runner"], env=quiet(stack))


async def kill_again_and_again(stack: Stack, kills: int, chance: random.Random) -> None:
    for number in range(kills):
        with spawn(stack) as runner:
            await asyncio.sleep(1.5 + chance.random() * 3)  # the first second is its start
            runner.send_signal(signal.SIGKILL)
        sys.stderr.write(f"\rkill {number + 1} of {kills}")


def quiet(stack: Stack) -> dict[str, str]:
    return stack.environment(STIGMER_LOG_LEVEL="critical", TEMPORAL_LOG="error")


async def measure(kills: int, seed: int, address: str, home: Path) -> dict[str, Any]:
    """The figures of one run."""
    api, http = ApiServer(), HttpService()
    await api.start()
    await http.start()
    stack = Stack(await wait_for_temporal(address), api, address, "kills", home)
    stop, begun = asyncio.Event(), time.monotonic()
    started: dict[str, str] = {}
    feeding = asyncio.create_task(keep_running(stack, http.url, stop, started))
    await kill_again_and_again(stack, kills, random.Random(seed))
    stop.set()
    await feeding
    with spawn(stack) as runner:
        for execution in started:
            await api.ended(execution, 300)
        runner.terminate()
    keys: dict[str, list[str]] = {}
    for _, path, headers, _ in http.requests:
        keys.setdefault(path, []).append(headers["idempotency-key"])
    wrong = [e for e, name in started.items() if api.status(e).phase != COMPLETED or api.output(e) != OUTPUTS[name]]
    await http.stop()
    await api.stop()
    return {
        "kills": kills,
        "seconds": round(time.monotonic() - begun),
        "executions": len(started),
        "executions with a wrong end": len(wrong),
        "calls": len(keys),
        "calls expected": sum(CALLS[name] for name in started.values()),
        "calls made again after a kill": sum(len(found) > 1 for found in keys.values()),
        "calls with a second key": sum(len(set(found)) > 1 for found in keys.values()),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Run and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with dev_server() as address, tempfile.TemporaryDirectory() as home:
        found = asyncio.run(measure(given.kills, given.seed, address, Path(home)))
    print(json.dumps(found, indent=2))
    good = found["executions with a wrong end"] == found["calls with a second key"] == 0
    raise SystemExit(0 if good and found["calls"] == found["calls expected"] else 1)


if __name__ == "__main__":
    main()
