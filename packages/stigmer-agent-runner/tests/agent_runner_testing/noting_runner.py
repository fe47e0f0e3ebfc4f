"""The agent runner with a notebook among its tools, in which processes die when and where a test wants it.

    noting_runner.py LOG FOLDER

FOLDER/plan: `victim@place[:time]` a line, in order: when a run is at the place (for that time, else for the first) the
victim is killed and its line goes. A victim is `runner` or the name of a file in FOLDER with the id of a process.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from agent_runner_testing.tools import Notebook
from stigmer_agent_runner import failpoints
from stigmer_agent_runner.contracts import TIMING
from stigmer_agent_runner.logs import configure_logging
from stigmer_agent_runner.process import stop_event
from stigmer_agent_runner.settings import load_settings
from stigmer_agent_runner.worker import run


class Deaths:
    """The deaths that are still to come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = folder / "plan"
        self._visits: Counter[str] = Counter()

    def reached(self, place: str) -> None:
        """Have the next victim die when this is its place."""
        next_one, _, rest = self._plan.read_text().partition("\n")
        victim, _, wanted = next_one.partition("@")
        wanted, _, times = wanted.partition(":")
        if place != wanted:
            return
        self._visits[next_one] += 1
        if self._visits[next_one] >= int(times or 1):
            self._visits.clear()
            self._kill(victim, rest)

    def _kill(self, victim: str, rest: str) -> None:
        """Kill a victim and see it dead; one that is dead already and not back yet keeps its line."""
        file = self._folder / victim
        try:
            number = os.getpid() if victim == "runner" else int(file.read_text())
        except FileNotFoundError:
            return
        self._plan.write_text(rest)
        file.unlink(missing_ok=True)
        ended = os.pidfd_open(number)
        signal.pidfd_send_signal(ended, signal.SIGKILL)
        select.select([ended], [], [], 10)
        os.close(ended)


async def serve() -> None:
    """Run until SIGTERM."""
    await run(load_settings(), stop_event(), [Notebook(Path(sys.argv[1]))])


configure_logging("info")
TIMING.first_retry = 0.1  # these runners die more often than real ones
failpoints.on_reached = Deaths(Path(sys.argv[2])).reached
asyncio.run(serve())
