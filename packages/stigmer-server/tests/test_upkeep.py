"""The change log stays within what the settings say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import WAIT_SECONDS, make_agent

from stigmer_api.client import AsyncClient
from stigmer_store import RevisionCompacted, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from stigmer_store import Repository


async def oldest(repository: Repository) -> int:
    """The oldest revision that the log reads after."""
    try:
        await repository.changes(0, 1)
    except RevisionCompacted as compacted:
        return compacted.oldest
    return 0


async def trimmed(repository: Repository, distance: int) -> None:
    """Wait until the log keeps only so many revisions."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            if await oldest(repository) >= await repository.revision() - distance:
                return
            await asyncio.sleep(0.01)


async def test_a_running_server_trims_its_change_log_again_and_again(serving: Callable[..., Any]) -> None:
    limits = {"change_log_keep": 2, "change_log_keep_seconds": 0, "upkeep_seconds": 0.02}
    async with serving(**limits) as app, AsyncClient(app.address, app.token) as client:
        for name in ("one", "two"):
            for number in range(5):
                await make_agent(client, f"{name}-{number}")
            await trimmed(app.repository, 2)


async def test_a_database_that_is_away_does_not_end_the_upkeep(
    serving: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()
    async with serving(change_log_keep=0, change_log_keep_seconds=0, upkeep_seconds=0.02) as app:
        real = app.repository.compact

        async def away(*_: Any, **__: Any) -> int:
            asked.set()
            monkeypatch.undo()
            raise StoreUnavailable("gone")

        monkeypatch.setattr(app.repository, "compact", away)
        await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
        assert app.repository.compact == real
        await app.repository.write(lambda tx: tx.revision())
        await trimmed(app.repository, 0)
