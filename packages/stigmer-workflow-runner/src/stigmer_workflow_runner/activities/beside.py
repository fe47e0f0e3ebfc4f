"""Reports beside history: what a run does is told to the server as it happens, without a step of Temporal for it.

A run hands over its news at the end of each step. The first of a run goes at once; what follows within `PAUSE` goes
together. Whatever a process takes with it when it is killed is told again: the run replays elsewhere, and before it
waits for anything from outside, and at its end, it reports through an activity, which `settle` brings into line with
what went beside.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from stigmer_api.dsl.errors import Json
from stigmer_api.errors import ApiError
from stigmer_workflow_runner.activities.failures import LATER
from stigmer_workflow_runner.progress import MAX_EVENTS

_log = structlog.get_logger(__name__)

PAUSE: Final = 0.25
"""Seconds between two reports of one run."""
LONGEST_PAUSE: Final = 10.0
AT_ONCE: Final = 16
"""Reports under way together: when the server is slow, more of what happens goes into one."""
REMEMBERED: Final = 2_000
"""Runs with nothing to tell that are remembered, so that a replay here does not tell all again."""
CLOSE_SECONDS: Final = 2.0

Report = dict[str, Json]
Deliver = Callable[[Report], Awaitable[None]]


@dataclass(slots=True)
class _Run:
    """`known` is the sequence of the newest report that the server took from this process."""

    known: int = 0
    waiting: Report | None = None
    following: asyncio.Future[None] | None = None
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def idle(self) -> bool:
        return self.following is None and not self.sending.locked()


class Beside:
    """`deliver` sends one report and raises `ApiError`. To be made in the loop of the worker."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._loop = asyncio.get_running_loop()
        self._closing = False

    def tell(self, report: Report) -> None:
        """Take the news of a run; called by workflow code, in a thread of its own."""
        self._loop.call_soon_threadsafe(self._take, report)

    async def settle(self, report: Report, *, last: bool = False) -> None:
        """Deliver a report of history: what of it the server did not hear from here. Raises `ApiError`.

        It has everything that waits here. A report under way comes to its end first, so that the server sees them in
        their order, and the first of a run is sent even when the run is over: watchers see it in progress.
        """
        run = self._run(report["execution_id"])
        async with run.sending:
            first, run.waiting = run.waiting, None
            if first is not None and not run.known:
                await self._send(run, first)
            await self._send(run, report)
        if last:
            self._runs.pop(report["execution_id"], None)

    async def close(self) -> None:
        """Deliver what waits, as far as that is possible soon."""
        self._closing = True
        waiting = [run for run in self._runs.values() if run.waiting is not None]
        works: list[asyncio.Future[Any]] = [run.following for run in self._runs.values() if run.following is not None]
        works.extend(asyncio.ensure_future(self._try(run)) for run in waiting)
        if works:
            _, late = await asyncio.wait(works, timeout=CLOSE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _take(self, report: Report) -> None:
        run = self._run(report["execution_id"])
        if report["sequence"] <= run.known:
            return
        run.waiting = report if run.waiting is None else _together(run.waiting, report)
        if run.following is None and not self._closing:
            run.following = asyncio.ensure_future(self._follow(run))

    def _run(self, execution_id: str) -> _Run:
        run = self._runs.get(execution_id)
        if run is None:
            run = self._runs[execution_id] = _Run()
            self._forget()
        else:
            self._runs.move_to_end(execution_id)
        return run

    def _forget(self) -> None:
        if len(self._runs) > REMEMBERED:
            idle = next(
                (key for key, run in self._runs.items() if run.following is None and not run.sending.locked()), None
            )
            if idle is not None:
                del self._runs[idle]

    async def _follow(self, run: _Run) -> None:
        pause = PAUSE
        try:
            while run.waiting is not None and not self._closing:
                pause = PAUSE if await self._try(run) else min(pause * 2, LONGEST_PAUSE)
                await asyncio.sleep(pause)
        finally:
            run.following = None

    async def _try(self, run: _Run) -> bool:
        """Whether what waits went, or will never go."""
        async with self._places, run.sending:
            report, run.waiting = run.waiting, None
            if report is None:
                return True
            try:
                await self._send(run, report)
            except ApiError as error:
                if error.code in LATER:
                    self._give_back(run, report)
                    return False
                run.known = max(run.known, report["sequence"])  # it would be refused again
                _log.warning("the server refuses a report", execution=report["execution_id"], error=error.message)
        return True

    @staticmethod
    def _give_back(run: _Run, report: Report) -> None:
        """Under what was told while it was on its way."""
        run.waiting = report if run.waiting is None else _together(report, run.waiting)

    async def _send(self, run: _Run, report: Report) -> None:
        if report["sequence"] > run.known:
            await self._deliver(_after(report, run.known))
            run.known = max(run.known, report["sequence"])


def _after(report: Mapping[str, Any], known: int) -> Report:
    """A report without what the server knows; what has no number comes from an earlier version of the workflow."""
    newest = report["sequence"]
    told = {key: [item for item in report[key] if item.get("n", newest) > known] for key in ("tasks", "events")}
    return {**report, **told}


def _together(older: Mapping[str, Any], newer: Mapping[str, Any]) -> Report:
    """Two reports of one run as one."""
    entries = {entry["task_id"]: entry for entry in older["tasks"]}
    for entry in newer["tasks"]:
        entries.pop(entry["task_id"], None)
        entries[entry["task_id"]] = entry
    told = {event["event_id"]: event for event in (*older["events"], *newer["events"])}
    return {**older, **newer, "tasks": list(entries.values()), "events": list(told.values())[-MAX_EVENTS:]}
