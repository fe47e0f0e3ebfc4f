"""How long stigmer-ctl takes to answer without doing anything: `--help`, `version --help`, an unknown command.

    uv run python benchmarks/cli_start.py [--runs 20]

Goal (docs/cli.md): `--help` within 150 ms on two cores. The bare interpreter is measured beside it, because it is the
part that no change here can make shorter. Times are medians of wall clock, so run it on a machine that is idle.
"""

from __future__ import annotations

import argparse
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


def measure(command: list[str], runs: int) -> list[float]:
    """Return the wall-clock times of some runs, in milliseconds; the first one only warms the caches."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False)
        times.append((time.perf_counter() - start) * 1000)
    return times[1:]


def main() -> None:
    """Measure and print; exit 1 when `--help` misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    medians = {}
    for name, command in CASES.items():
        times = measure(command, runs)
        medians[name] = statistics.median(times)
        print(f"{name:<32} median {medians[name]:6.1f} ms   fastest {min(times):6.1f} ms")
    met = medians["stigmer-ctl --help"] <= GOAL_MS
    print(f"goal {GOAL_MS:.0f} ms for --help: {'met' if met else 'missed'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
