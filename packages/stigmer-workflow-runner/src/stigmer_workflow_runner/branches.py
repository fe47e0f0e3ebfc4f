"""Works of one run side by side: `fork`, and whatever else runs tasks at the same time.

All of them have ended when `run_beside` returns or raises, so nobody else touches their frames then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from stigmer_workflow_runner.runtime import Drain, Runtime

Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class _Tally:
    """What has become of the works so far."""

    running: int = 0
    drained: bool = False
    failure: Exception | None = None
    strands: list[asyncio.Task[None]] = field(default_factory=list)

    def may_start(self, room: int, runtime: Runtime) -> bool:
        """Whether to start one more: one always runs, or works inside works would wait for each other."""
        return not self.drained and (not self.running or (self.running < room and not runtime.crowded()))

    def fewer_than(self, number: int) -> Callable[[], bool]:
        """Whether one of `number` running works has ended."""
        return lambda: self.running < number

    async def counted(self, work: Work) -> None:
        try:
            await work()
        except Drain:
            self.drained = True
        except Exception as error:  # noqa: BLE001 - raised again by `run_beside`, where somebody waits for it
            self.failure = self.failure or error
        finally:
            self.running -= 1


async def run_beside(
    runtime: Runtime, works: Sequence[Work], limit: int | None = None, enough: Callable[[], bool] = lambda: False
) -> None:
    """Run works side by side, at most `limit` at a time in their order, until all have ended or there is `enough`.

    What is left then, or after the first error, is cancelled and has cleaned up before this returns.

    Raises:
        Drain: the run should continue elsewhere; every work has stopped where it can go on.
        Exception: the first error of a work.
    """
    tally, started = _Tally(), 0
    try:
        while True:
            room = len(works) if limit is None else limit
            while started < len(works) and tally.may_start(room, runtime):
                tally.running += 1
                tally.strands.append(runtime.spawn(tally.counted(works[started])))
                started += 1
            before = tally.running
            if not before:
                break
            await runtime.until(tally.fewer_than(before))
            if tally.failure is not None or enough():
                break
    finally:
        await runtime.stop([strand for strand in tally.strands if not strand.done()])
    if tally.failure is not None:
        raise tally.failure
    if tally.drained and not enough():
        raise Drain
