"""The agent runner with a notebook among its tools: `python noting_runner.py LOG`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from agent_runner_testing.tools import Notebook
from stigmer_agent_runner.contracts import TIMING
from stigmer_agent_runner.logs import configure_logging
from stigmer_agent_runner.process import stop_event
from stigmer_agent_runner.settings import load_settings
from stigmer_agent_runner.worker import run


async def serve() -> None:
    """Run until SIGTERM."""
    await run(load_settings(), stop_event(), [Notebook(Path(sys.argv[1]))])


configure_logging("info")
TIMING.first_retry = 0.1  # these runners die more often than real ones
asyncio.run(serve())
