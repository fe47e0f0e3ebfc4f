"""Keeps the database from growing without bound: trims the change log now and then."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from stigmer_store import StoreError

if TYPE_CHECKING:
    from stigmer_server.settings import Settings
    from stigmer_store import Repository

__all__ = ["Upkeep"]

_log = structlog.get_logger("stigmer.upkeep")


class Upkeep:
    """One task per server. Several servers on one database may all do it: whoever comes second finds nothing to do."""

    def __init__(self, repository: Repository, settings: Settings) -> None:
        self._repository = repository
        self._settings = settings
        self._oldest = 0

    async def run(self) -> None:
        """Trim for ever, every `upkeep_seconds`; a database that is away is waited for."""
        while True:
            await self.trim()
            await asyncio.sleep(self._settings.upkeep_seconds)

    async def trim(self) -> None:
        """Forget what the settings no longer keep."""
        settings = self._settings
        try:
            oldest = await self._repository.compact(
                settings.change_log_keep,
                timedelta(seconds=settings.change_log_keep_seconds),
                max_bytes=settings.change_log_max_bytes,
            )
        except StoreError as error:
            _log.warning("cannot trim the change log; trying again later", error=str(error))
            return
        if oldest > self._oldest:
            _log.info("change log trimmed", oldest_revision=oldest)
            self._oldest = oldest
