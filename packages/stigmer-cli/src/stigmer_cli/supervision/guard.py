"""Runs in front of each program of the stack: `python -m stigmer_cli.supervision.guard NAME ARGV...`.

It ties the program to supervisord's life, slows crash loops down (supervisord itself restarts at once, see the
template), and then becomes the program. Its working directory is the home.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from stigmer_cli.supervision.parent import die_with_parent

WINDOW_SECONDS = 30.0
"""Starts older than this are forgotten: a program that ran that long is no crash loop."""

FREE_STARTS = 3
"""Starts within the window that cost no delay: kill -9 is answered at once."""

MAX_DELAY_SECONDS = 5.0


def delay_before(starts: list[float], now: float) -> float:
    """Seconds to wait before the next start, from the times of earlier ones: 0, 0, 0, then 0.5 doubling up to 5."""
    recent = sum(1 for start in starts if now - WINDOW_SECONDS < start <= now)
    return 0.0 if recent < FREE_STARTS else min(0.5 * 2.0 ** (recent - FREE_STARTS), MAX_DELAY_SECONDS)


def read_starts(path: Path) -> list[float]:
    """Return the recorded start times; a damaged or missing record is no record."""
    try:
        found = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return []
    return [float(item) for item in found if isinstance(item, int | float)] if isinstance(found, list) else []


def note_start(path: Path, now: float) -> float:
    """Record a start and return how long it must wait. A record that cannot be written only costs the delay."""
    starts = [start for start in read_starts(path) if now - WINDOW_SECONDS < start <= now]
    delay = delay_before(starts, now)
    try:
        path.write_text(json.dumps([*starts, now + delay]), encoding="ascii")
    except OSError as error:
        sys.stderr.write(f"guard: cannot record this start in {path}: {error}\n")
    return delay


def main(argv: list[str]) -> None:
    """Become the program; exits 1 when supervisord is gone already."""
    name, *command = argv
    if not die_with_parent(Path("run/supervisord.pid")):
        sys.exit(1)
    delay = note_start(Path("run/starts") / f"{name}.json", time.time())
    if delay:
        sys.stderr.write(f"guard: {name} ended {FREE_STARTS} times or more in a short time, next start in {delay} s\n")
        sys.stderr.flush()
        time.sleep(delay)
    os.execv(command[0], command)  # noqa: S606 - becoming this program is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
