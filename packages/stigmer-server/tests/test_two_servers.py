"""Two server processes on one Postgres: a write through one reaches a watcher on the other, also across restarts."""

from __future__ import annotations

import asyncio
import base64
import uuid
from typing import TYPE_CHECKING

import pytest
from proof_servers import ServerProcess, running_postgres, running_server
from server_testing import make_workflow, make_workflow_execution, report
from watch_recorder import SYNCED, Watcher, run_to
from watch_validator import logged, problems

from stigmer_api.client import AsyncClient
from stigmer_api.kinds import kind_by_key
from stigmer_store import open_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stigmer_store import Change

_KIND = kind_by_key("workflow_execution")
_REPORTS = 100
_SECONDS = 60


@pytest.fixture
def database() -> Iterator[str]:
    with running_postgres() as url:
        yield url


async def _write(server: ServerProcess, executions: int) -> int:
    """Make executions and report on each in turn; the revision of the last write."""
    async with AsyncClient(server.address, server.token) as client:
        workflow = await make_workflow(client, f"w{uuid.uuid4().hex}")
        made = [await make_workflow_execution(client, workflow.metadata.id) for _ in range(executions)]
        for sequence in range(1, _REPORTS + 1):
            for execution in made:
                stored = await report(client, execution, sequence, phase="EXECUTION_IN_PROGRESS")
    return int(stored.metadata.revision)


async def _log(url: str) -> list[Change]:
    repository = await asyncio.to_thread(open_repository, url)
    found: list[Change] = []
    while batch := await repository.changes(found[-1].revision if found else 0, 5000):
        found += batch
    await repository.close()
    return [change for change in found if change.kind == _KIND.key]


@pytest.mark.timeout(200)
async def test_a_write_through_one_server_reaches_watchers_of_both_in_order_across_restarts(
    tmp_path: Path, database: str
) -> None:
    key = base64.urlsafe_b64encode(bytes(range(32))).decode()
    with (
        running_server(tmp_path / "a", database, STIGMER_ENCRYPTION_KEY=key) as first,
        running_server(tmp_path / "b", database, STIGMER_ENCRYPTION_KEY=key) as second,
    ):
        servers = (first, second)
        await _write(first, 1)  # a watch from revision 0 is one from the start: it could not resume
        watchers = [Watcher(server.token, kinds=[_KIND.number], bookmark_seconds=1) for server in servers]
        for watcher, server in zip(watchers, servers, strict=True):
            await watcher.run(server.address, lambda item: item.type == SYNCED)

        async def caught_up(revision: int) -> None:
            for watcher, server in zip(watchers, servers, strict=True):
                await run_to(watcher, server.address, revision, _SECONDS)

        await caught_up(max(await asyncio.gather(_write(first, 3), _write(second, 3))))
        await asyncio.to_thread(second.kill)
        while_away = await _write(first, 2)
        await asyncio.to_thread(second.start)
        await caught_up(while_away)
        assert await asyncio.to_thread(first.stop) == 0
        while_stopped = await _write(second, 2)
        await asyncio.to_thread(first.start)
        await caught_up(max(while_stopped, await _write(first, 1)))
    log = logged(await _log(database))
    assert len(log) > 9 * _REPORTS
    for watcher in watchers:
        assert problems(log, watcher.sessions) == []
