"""Claim check: payloads above a size lie in files, and Temporal's history holds references to them.

The only file that knows `ExternalStorage` of temporalio, which its makers call experimental: what is left when it
changes is `Blobs` and this file. The workflow, the activities and the frames notice nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import structlog
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowExecutionStatus
from temporalio.converter import (
    DataConverter,
    ExternalStorage,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)
from temporalio.service import RPCError, RPCStatusCode

from stigmer_api.temporal import WORKFLOW_AWAIT, WORKFLOW_EXECUTION
from stigmer_workflow_runner.blobs import BlobError, Blobs

if TYPE_CHECKING:
    from temporalio.client import Client

_log = structlog.get_logger(__name__)

DRIVER: Final = "stigmer.files"
_KEY: Final = "sha256"
_REFERENCE: Final = re.compile(rb'"sha256"\s*:\s*"([0-9a-f]{64})"')


class BlobDriver(StorageDriver):
    """Whole payloads as blobs: `{sha256}` is all that a reference says."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def name(self) -> str:
        """The name that references carry."""
        return DRIVER

    async def store(self, _context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        """Write each payload."""
        return [StorageDriverClaim({_KEY: await asyncio.to_thread(self._put, payload)}) for payload in payloads]

    async def retrieve(
        self, _context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """Read each payload. Raises `BlobError`; Temporal then tries the step again, so a file put back heals it."""
        return [await asyncio.to_thread(self._get, claim) for claim in claims]

    def _put(self, payload: Payload) -> str:
        return self._blobs.put(payload.SerializeToString(deterministic=True))

    def _get(self, claim: StorageDriverClaim) -> Payload:
        try:
            content = self._blobs.get(claim.claim_data.get(_KEY, ""))
        except BlobError as error:
            _log.error("a stored payload cannot be read; the step is tried again", error=str(error))
            raise
        return Payload.FromString(content)


def with_claim_check(converter: DataConverter, blobs: Blobs, threshold: int, *, enabled: bool = True) -> DataConverter:
    """`converter` with payloads of `threshold` bytes and more in `blobs`.

    Not `enabled`: nothing new is stored, but what earlier runs stored is still read.
    """
    driver = BlobDriver(blobs)
    storage = ExternalStorage(
        drivers=[driver],
        driver_selector=lambda _context, _payload: driver if enabled else None,
        payload_size_threshold=threshold,
    )
    return dataclasses.replace(converter, external_storage=storage)


async def collect(client: Client, blobs: Blobs, retention: float) -> int:
    """Remove blobs that were not used for `retention` seconds and that no open execution refers to; how many went.

    Raises:
        RPCError: Temporal cannot say which executions are open; then nothing is removed.
    """
    old = set(await asyncio.to_thread(blobs.older_than, retention))
    if not old:
        return 0
    for key in old & await _referenced(client, old):
        await asyncio.to_thread(blobs.keep, key)
        old.discard(key)
    return sum([await asyncio.to_thread(blobs.drop, key, retention) for key in old])


async def _referenced(client: Client, wanted: set[str]) -> set[str]:
    """Which of these keys stand in the history of an open execution."""
    found: set[str] = set()
    types = f"'{WORKFLOW_EXECUTION}', '{WORKFLOW_AWAIT}'"
    query = f"WorkflowType IN ({types}) AND ExecutionStatus = 'Running'"
    async for execution in client.list_workflows(query):
        if execution.status is not WorkflowExecutionStatus.RUNNING:
            continue
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        try:
            async for event in handle.fetch_history_events():
                found.update(key.decode() for key in _REFERENCE.findall(event.SerializeToString()))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it ended meanwhile
                raise
    return found & wanted
