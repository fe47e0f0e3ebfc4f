"""Artifacts that have had their time: marked as deleted, their files removed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from stigmer_api._pb.ai.stigmer.agentic.artifact.v1.enum_pb2 import ArtifactStorageState
from stigmer_api.errors import ApiError
from stigmer_api.kinds import kind_by_key
from stigmer_server.artifacts.files import ARTIFACTS, ArtifactFiles, key_of
from stigmer_server.artifacts.needed import discard_unneeded, is_needed
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.listing import read_all
from stigmer_store import ListQuery, StoreError

if TYPE_CHECKING:
    from stigmer_server.resources.controller import Controller
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["EXPIRES", "ArtifactUpkeep", "has_expired", "rfc3339"]

EXPIRES = "expires"
"""Queryable field of artifacts that expire one day."""

_KIND = kind_by_key("artifact")
_PERIOD_SECONDS = 600.0
_UNNAMED_FOR = timedelta(days=1)
"""How long a file may be named by nothing: an attachment is uploaded before the execution that has it is created."""

_log = structlog.get_logger("stigmer.artifacts")


def rfc3339(moment: datetime) -> str:
    """A moment as text, in UTC and whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def has_expired(artifact: Resource, now: datetime) -> bool:
    """Whether the time of an artifact is over."""
    text = artifact.status.expires_at
    return bool(text) and datetime.fromisoformat(text) <= now


class ArtifactUpkeep:
    """Removes what has expired, and files that nothing names. Several servers may do it at once."""

    def __init__(self, controller: Controller, files: ArtifactFiles) -> None:
        self._controller = controller
        self._files = files

    async def run(self) -> None:
        """Do it every ten minutes, for ever."""
        while True:
            try:
                now = datetime.now(UTC)
                await self.expire(now)
                await self.sweep(now)
            except (ApiError, StoreError) as error:
                _log.warning("artifacts were not looked after; next try later", error=str(error))
            await asyncio.sleep(_PERIOD_SECONDS)

    async def expire(self, now: datetime) -> int:
        """Mark artifacts whose time is over as deleted and remove their files; returns how many there were."""
        repository = self._controller.repository
        records = await read_all(repository, ListQuery(kinds=(_KIND.key,), fields={EXPIRES: "true"}))
        keys: list[str] = []
        for record in records:
            artifact = from_record(record)
            if has_expired(artifact, now) and await self._controller.run(partial(_mark, record.id)):
                keys.append(key_of(ARTIFACTS, artifact.status.content_hash))
        await discard_unneeded(self._files, repository, keys)
        if keys:
            _log.info("artifacts have expired", count=len(keys))
        return len(keys)

    async def sweep(self, now: datetime) -> list[str]:
        """Remove files that nothing has named for a day; returns their keys."""
        needed = partial(is_needed, self._controller.repository)
        gone = await self._files.sweep((now - _UNNAMED_FOR).timestamp(), needed)
        if gone:
            _log.info("files that nothing names were removed", count=len(gone))
        return gone


def _mark(artifact_id: str, unit: UnitOfWork) -> bool:
    artifact = unit.find(_KIND, artifact_id)
    if artifact is None or artifact.status.storage_state != ArtifactStorageState.storage_state_stored:
        return False
    artifact.status.storage_state = ArtifactStorageState.storage_state_deleted
    unit.save(_KIND, artifact)
    return True
