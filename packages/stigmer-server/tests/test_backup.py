"""`ServerService.Backup` over a real socket."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import make_agent, request

from stigmer_api.client import AsyncClient
from stigmer_api.errors import FailedPrecondition
from stigmer_api.methods import SERVER_SERVICE
from stigmer_store import ListQuery, open_repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def read(client: AsyncClient) -> tuple[bytes, Any]:
    """The file and its summary."""
    chunks = [chunk async for chunk in client.stream(SERVER_SERVICE, "Backup", request(SERVER_SERVICE, "Backup"))]
    assert [chunk.WhichOneof("content") for chunk in chunks] == ["data"] * (len(chunks) - 1) + ["summary"]
    return b"".join(chunk.data for chunk in chunks), chunks[-1].summary


async def test_a_backup_is_the_database_of_one_revision_while_writes_go_on(
    serving: Callable[..., Any], tmp_path: Path
) -> None:
    async with serving(tmp_path / "home") as app, AsyncClient(app.address, app.token) as client:
        left = tmp_path / "home" / "data" / ".backup-1-old"
        left.write_text("of a server that was killed")
        await make_agent(client, "first")

        async def writer(number: int) -> None:
            for count in range(4):
                await make_agent(client, f"agent-{number}-{count}")

        writers = [asyncio.create_task(writer(number)) for number in range(8)]
        content, summary = await read(client)
        await asyncio.gather(*writers)
        assert not [*left.parent.glob(".backup-*")], "nothing is left beside the database"
    assert (summary.size, summary.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    (tmp_path / "copy.db").write_bytes(content)
    copy = open_repository(f"sqlite:///{tmp_path}/copy.db")
    agents = await copy.list(ListQuery(kinds=("agent",), page_size=1000))
    assert await copy.revision() == agents.revision == summary.revision
    assert "first" in {item.slug for item in agents.items}
    await copy.close()


async def test_a_database_that_is_no_file_is_refused_with_the_way_out(serving: Callable[..., Any]) -> None:
    async with serving(database_url="memory://") as app, AsyncClient(app.address, app.token) as client:
        with pytest.raises(FailedPrecondition, match="pg_dump") as caught:
            await read(client)
    assert caught.value.reason == "BACKUP_UNSUPPORTED"
