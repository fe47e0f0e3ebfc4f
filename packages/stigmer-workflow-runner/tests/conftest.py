"""Fixtures: Temporal's dev server, an API server over gRPC, an HTTP service, and the runner itself."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

sys.path.insert(0, str(Path(__file__).parent))  # the runner_*.py beside this file, which no other package has

from runner_peer import ApiServer, HttpService
from runner_testing import Stack, dev_server, wait_for_temporal


@pytest.fixture(scope="session")
def temporal_address() -> Iterator[str]:
    """One dev server for the session."""
    with dev_server() as address:
        yield address


@pytest.fixture
async def temporal(temporal_address: str) -> Client:
    """A client of the session's server."""
    return await wait_for_temporal(temporal_address)


@pytest.fixture
async def api() -> AsyncIterator[ApiServer]:
    """The API server stand-in."""
    server = ApiServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def http() -> AsyncIterator[HttpService]:
    """The HTTP stand-in."""
    service = HttpService()
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def stack(temporal: Client, api: ApiServer, temporal_address: str, tmp_path: Path) -> Stack:
    """Peers without a runner; `stack.worker()` starts one."""
    return Stack(temporal, api, temporal_address, f"queue-{os.urandom(4).hex()}", tmp_path)


@pytest.fixture
async def runner(stack: Stack) -> AsyncIterator[Stack]:
    """Peers with a runner in this process."""
    async with stack.worker():
        yield stack
