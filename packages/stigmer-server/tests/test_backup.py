"""`ServerService.Backup` over a real socket."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import random
import tarfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import call, eventually, make_agent, make_agent_execution, request, resource
from zip_making import make_zip

from stigmer_api.client import AsyncClient
from stigmer_api.encryption_keys import key_id, read_key_text
from stigmer_api.errors import FailedPrecondition
from stigmer_api.methods import SERVER_SERVICE
from stigmer_store import ListQuery, check_backup, open_repository

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


async def read(client: AsyncClient, meanwhile: Callable[[], Awaitable[Any]] | None = None, **fields: Any) -> Any:
    """What was sent and its summary; `meanwhile` is awaited once, when the first piece is there."""
    chunks = []
    async for chunk in client.stream(SERVER_SERVICE, "Backup", request(SERVER_SERVICE, "Backup", **fields)):
        chunks.append(chunk)
        if meanwhile is not None and len(chunks) == 1:
            await meanwhile()
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


def unpacked(content: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]  # all are files


async def make_files(client: AsyncClient) -> tuple[Any, dict[str, bytes]]:
    """An artifact that is larger than what travels unread, and all files that there are then."""
    package = make_zip({"SKILL.md": b"# Greeting"})
    push = request("skill", "push", org="local", name="greeting", artifact=b64(package))
    skill = await client.call("skill", "push", push)
    agent = await make_agent(client, "greeter")
    attached = await call(client, "agent_execution", "uploadAttachment", filename="a.txt", content=b64(b"attached"))
    attachment = {"filename": "a.txt", "storage_key": attached.storage_key}
    execution = await make_agent_execution(client, agent.metadata.id, attachments=[attachment])
    content = random.Random(1).randbytes(8 * 1024 * 1024)
    spec = {
        "content_type": "text/plain",
        "display_name": "result.txt",
        "source": {"agent_execution_id": execution.metadata.id},
    }
    message = request("artifact", "create", spec=spec)
    message.content = content
    artifact = await client.call("artifact", "create", message)
    keys = (skill.status.artifact_storage_key, attached.storage_key, f"artifacts/{artifact.status.content_hash}")
    return artifact, dict(zip(keys, (package, b"attached", content), strict=True))


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_a_backup_with_files_has_every_file_that_its_database_names_also_one_that_goes_meanwhile(
    serving: Callable[..., Any], tmp_path: Path
) -> None:
    async with serving(tmp_path / "home") as app, AsyncClient(app.address, app.token) as client:
        artifact, files = await make_files(client)
        stray = await app.artifacts.put("attachments", b"named by nothing")

        async def delete() -> None:
            await call(client, "artifact", "delete", value=artifact.metadata.id)

        content, summary = await read(client, delete, with_files=True)
        found = unpacked(content)
        assert next(iter(found)) == "stigmer.db"
        assert [*found][-1] == "manifest.json"
        assert {name.removeprefix("files/"): held for name, held in found.items() if "files/" in name} == files
        assert (summary.with_files, summary.files, [*summary.missing], summary.key_id) == (True, 3, [], "")
        assert (summary.size, summary.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        manifest = json.loads(found["manifest.json"])
        assert manifest["revision"] == summary.revision
        assert manifest["database"]["sha256"] == hashlib.sha256(found["stigmer.db"]).hexdigest()
        assert {item["key"]: item["size"] for item in manifest["files"]} == {key: len(it) for key, it in files.items()}
        (tmp_path / "copy.db").write_bytes(found["stigmer.db"])
        assert check_backup(tmp_path / "copy.db") == summary.revision

        gone = f"artifacts/{artifact.status.content_hash}"
        assert await app.artifacts.exists(gone), "it was kept for the backup"
        late = datetime.now(UTC) + timedelta(days=2)
        assert sorted(await app.artifact_upkeep.sweep(late)) == sorted([gone, stray]), "and goes with the next sweep"


async def test_a_backup_says_what_is_missing_and_which_key_its_secrets_need(
    serving: Callable[..., Any], tmp_path: Path
) -> None:
    async with serving(tmp_path / "home") as app, AsyncClient(app.address, app.token) as client:
        _, files = await make_files(client)
        lost, damaged, kept = sorted(files)
        (app.artifacts.root / lost).unlink()
        (app.artifacts.root / damaged).write_bytes(b"damaged")
        data = {"TOKEN": {"value": "a secret value", "is_secret": True}}
        await client.call("environment", "create", resource("environment", "prod", {"data": data}))
        content, summary = await read(client, with_files=True)
        key = (tmp_path / "home" / "data" / "encryption.key").read_text()
    assert summary.key_id == key_id(read_key_text(key)[0]).hex()
    assert ([*summary.missing], summary.files) == ([lost, damaged], 1)
    found = unpacked(content)
    assert [name for name in found if "files/" in name] == [f"files/{kept}"]
    manifest = json.loads(found["manifest.json"])
    assert (manifest["missing"], manifest["key_id"]) == ([lost, damaged], summary.key_id)
    assert not any(key.strip().encode() in held or b"a secret value" in held for held in found.values())


async def test_a_backup_that_its_client_leaves_lets_files_go_again(serving: Callable[..., Any], tmp_path: Path) -> None:
    async with serving(tmp_path / "home") as app, AsyncClient(app.address, app.token) as client:
        artifact, _ = await make_files(client)
        stream: Any = client.stream(SERVER_SERVICE, "Backup", request(SERVER_SERVICE, "Backup", with_files=True))
        await anext(stream)
        await stream.aclose()

        async def goes() -> bool:
            key = await app.artifacts.put("attachments", b"named by nothing")
            return bool(await app.artifacts.discard([key], _not_needed))

        await eventually(goes, "the backup still keeps files")
        assert artifact


async def _not_needed(_key: str) -> bool:
    return False


async def test_a_database_that_is_no_file_is_refused_with_the_way_out(serving: Callable[..., Any]) -> None:
    async with serving(database_url="memory://") as app, AsyncClient(app.address, app.token) as client:
        with pytest.raises(FailedPrecondition, match="pg_dump") as caught:
            await read(client)
    assert caught.value.reason == "BACKUP_UNSUPPORTED"
