"""kill -9 of the server between watchers and those who write, while the change log forgets all but its newest entries.

Nothing acknowledged is lost, nothing is told twice, and whoever comes back too late starts anew with what is there.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest
from kept_log import compacted_up_to, keep_forgotten, whole_log
from proof_servers import ServerProcess, running_server
from server_testing import make_workflow, make_workflow_execution, report
from watch_recorder import SYNCED, Told, Watcher, run_to
from watch_validator import problems

from stigmer_api.client import AsyncClient
from stigmer_api.errors import ApiError
from stigmer_api.kinds import kind_by_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KIND = kind_by_key("workflow_execution")
_EXECUTIONS = 32
_REPORTS_EACH = 250
_KILLS = 3
_SECONDS = 300
_FORGETTING = {
    "STIGMER_CHANGE_LOG_KEEP": "200",
    "STIGMER_CHANGE_LOG_KEEP_SECONDS": "0",
    "STIGMER_UPKEEP_SECONDS": "0.2",
}


class _Trial:
    """A server that dies at times, those who report through it, and what it acknowledged."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.up = asyncio.Event()
        self.up.set()
        self.acknowledged: list[tuple[int, str]] = []
        self._enough = asyncio.Event()
        self._next_kill = 0

    async def prepare(self) -> list[Any]:
        async with AsyncClient(self.server.address, self.server.token) as client:
            workflow = await make_workflow(client)
            return [await make_workflow_execution(client, workflow.metadata.id) for _ in range(_EXECUTIONS)]

    async def write(self, execution: Any) -> None:
        """Report in order; a report without an answer is repeated, as a runner does."""
        sequence = 1
        while sequence <= _REPORTS_EACH:
            await self.up.wait()
            async with AsyncClient(self.server.address, self.server.token) as client:
                try:
                    while sequence <= _REPORTS_EACH:
                        phase = "EXECUTION_COMPLETED" if sequence == _REPORTS_EACH else "EXECUTION_IN_PROGRESS"
                        stored = await report(client, execution, sequence, phase=phase, error=f"step {sequence}")
                        self.acknowledged.append((stored.metadata.revision, execution.metadata.id))
                        sequence += 1
                        if len(self.acknowledged) >= self._next_kill:
                            self._enough.set()
                except ApiError:
                    await asyncio.sleep(0.05)  # the server is away; `up` tells when it is back

    async def kill(self, total: int) -> None:
        """Kill the server whenever another part of the reports is acknowledged."""
        for part in range(1, _KILLS + 1):
            self._enough, self._next_kill = asyncio.Event(), total * part // (_KILLS + 1)
            await self._enough.wait()
            self.up.clear()
            await asyncio.to_thread(self.server.kill)
            await asyncio.to_thread(self.server.start)
            self.up.set()

    async def come_late(self, watcher: Watcher, writing: asyncio.Future[Any]) -> None:
        """Read until each kill, and come back when the log no longer has what was missed."""
        database = self.server.home / "data" / "stigmer.db"
        while not writing.done():
            await self.up.wait()
            session = await watcher.run(self.server.address, lambda _item: writing.done())
            while True:
                if session.compacted or compacted_up_to(database) > (watcher.resume or 0) or writing.done():
                    break
                await asyncio.sleep(0.05)  # between two looks at what others do, bounded with all of them

    async def watch(self, watcher: Watcher, writing: asyncio.Future[Any], seed: int) -> None:
        """Resume after each kill and at random, until the writers are done."""
        dice = random.Random(seed)
        while not writing.done():
            await self.up.wait()
            enough = iter(range(dice.randrange(200, 2000)))

            def over(_item: Told, enough: Iterator[int] = enough) -> bool:
                return writing.done() or next(enough, None) is None

            session = await watcher.run(self.server.address, over)
            if session.error is not None:
                await asyncio.sleep(0.05)  # the server is away; `up` tells when it is back


@pytest.mark.timeout(400)
async def test_kills_of_the_server_and_compaction_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    database = tmp_path / "data" / "stigmer.db"
    with running_server(tmp_path, **_FORGETTING) as server:
        keep_forgotten(database)
        trial = _Trial(server)
        executions = await trial.prepare()
        watchers = [Watcher(server.token, kinds=[_KIND.number], bookmark_seconds=1) for _ in range(3)]
        for watcher in watchers:
            await watcher.run(server.address, lambda item: item.type == SYNCED)
        *restless, late = watchers
        async with asyncio.timeout(_SECONDS):
            writing = asyncio.gather(*map(trial.write, executions))
            reading = [trial.watch(watcher, writing, seed) for seed, watcher in enumerate(restless)]
            kills = trial.kill(_EXECUTIONS * _REPORTS_EACH)
            await asyncio.gather(kills, writing, *reading, trial.come_late(late, writing))
        for watcher in watchers:
            await run_to(watcher, server.address, max(trial.acknowledged)[0], _SECONDS)
        assert server.stop() == 0
    log = whole_log(database, _KIND.key)
    happened = {(change.revision, change.id) for change in log}
    assert set(trial.acknowledged) <= happened
    assert compacted_up_to(database) > log[-1].revision // 2
    for watcher in watchers:
        assert problems(log, watcher.sessions) == []
        assert len(watcher.sessions) > _KILLS
    assert sum(session.compacted for session in late.sessions) > 1
