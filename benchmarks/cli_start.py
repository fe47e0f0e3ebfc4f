"""How long stigmer-ctl takes to answer without doing anything: `--help`, `version --help`, an unknown command.

    uv run python benchmarks/cli_start.py [--runs 20]

Goal (docs/cli.md): `--help` within 150 ms on two cores. The bare interpreter is measured beside it, because it is the
part that no change here can make shorter. The goal is held against the median of the wall clock, so run it on a machine
that is idle; processor time says the same on a busy one. Commands with parameters cost more than `--help`, because
Typer brings in pydantic to convert them.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

GOAL_MS = 150.0

CTL = str(Path(sys.executable).parent / "stigmer-ctl")

CASES = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "stigmer-ctl --help": [CTL, "--help"],
    "stigmer-ctl get --help": [CTL, "get", "--help"],
    "stigmer-ctl no-such-command": [CTL, "no-such-command"],
}


def measure(command: list[str], runs: int) -> tuple[list[float], float]:
    """Return the wall-clock times of some runs and their mean processor time, in ms; the first only warms caches."""
    subprocess.run(command, capture_output=True, check=False)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False)
        times.append((time.perf_counter() - start) * 1000)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return times, processor * 1000 / runs


def main() -> None:
    """Measure and print; exit 1 when `--help` misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    medians = {}
    for name, command in CASES.items():
        times, processor = measure(command, runs)
        medians[name] = statistics.median(times)
        print(
            f"{name:<32} median {medians[name]:6.1f} ms   fastest {min(times):6.1f} ms   processor {processor:6.1f} ms"
        )
    met = medians["stigmer-ctl --help"] <= GOAL_MS
    print(f"goal {GOAL_MS:.0f} ms for --help: {'met' if met else 'missed'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
