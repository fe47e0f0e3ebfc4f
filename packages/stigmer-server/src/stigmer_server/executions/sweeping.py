"""The rhythm of everything that compares the store with Temporal from time to time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from stigmer_server.executions.temporal import TemporalAway, TemporalRefused
from stigmer_store import StoreError

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

__all__ = ["sweep_for_ever"]

_FIRST_SECONDS = 1.0


async def sweep_for_ever(sweep: Callable[[], Awaitable[object]], seconds: float, log: FilteringBoundLogger) -> None:
    """Sweep at start, every second until Temporal and the store answer, and then every `seconds`."""
    wait = min(_FIRST_SECONDS, seconds)
    while True:
        try:
            await sweep()
            wait = seconds
        except (TemporalAway, TemporalRefused, StoreError) as error:
            log.debug("cannot compare with Temporal", error=str(error))
        await asyncio.sleep(wait)
