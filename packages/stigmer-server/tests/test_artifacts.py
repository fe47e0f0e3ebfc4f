"""Artifacts and attachments over the wire: content, expiry, files that are shared, entries of zips, hostile keys."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import (
    AGENT_SPEC,
    call,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    report,
    request,
    resource,
)
from zip_making import make_zip

from stigmer_api.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from pathlib import Path

    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App

A_WEEK = timedelta(days=7)


async def run_of(client: AsyncClient, name: str = "hello") -> Any:
    return await make_workflow_execution(client, (await make_workflow(client, name)).metadata.id)


async def turn_of(client: AsyncClient, **spec: Any) -> Any:
    agent = await client.call("agent", "apply", resource("agent", "greeter", AGENT_SPEC))
    return await make_agent_execution(client, agent.metadata.id, **spec)


async def make_artifact(client: AsyncClient, execution: Any, content: bytes = b"result", **spec: Any) -> Any:
    field = "agent_execution_id" if execution.kind == "AgentExecution" else "workflow_execution_id"
    full = {
        "content_type": "text/plain",
        "display_name": "result.txt",
        "source": {field: execution.metadata.id},
        **spec,
    }
    message = request("artifact", "create", spec=full)
    message.content = content
    return await client.call("artifact", "create", message)


async def content_of(client: AsyncClient, artifact: Any, **fields: Any) -> Any:
    return await call(client, "artifact", "getContent", artifact_id=artifact.metadata.id, **fields)


async def upload(client: AsyncClient, content: bytes, filename: str = "notes.txt") -> str:
    message = request("agent_execution", "uploadAttachment", filename=filename)
    message.content = content
    return str((await client.call("agent_execution", "uploadAttachment", message)).storage_key)


async def file_of(client: AsyncClient, execution: Any, key: str, **fields: Any) -> Any:
    named = {"execution_id": execution.metadata.id, "storage_key": key}
    return await call(client, "agent_execution", "getArtifactContent", **named, **fields)


def files(app: App) -> list[Path]:
    return [path for path in app.artifacts.root.rglob("*") if path.is_file()]


async def test_an_artifact_is_kept_with_hash_and_size_and_read_back(client: AsyncClient) -> None:
    execution = await run_of(client)
    artifact = await make_artifact(client, execution)
    assert artifact.status.content_hash == hashlib.sha256(b"result").hexdigest()
    assert (artifact.status.size_bytes, artifact.status.storage_state, artifact.status.expires_at) == (6, 2, "")
    assert (artifact.metadata.org, artifact.metadata.name) == ("local", "result.txt")
    whole = await content_of(client, artifact)
    assert (whole.content, whole.content_type, whole.total_size_bytes) == (b"result", "text/plain", 6)
    assert not whole.truncated
    part = await content_of(client, artifact, max_bytes=3)
    assert (part.content, part.total_size_bytes, part.truncated) == (b"res", 6, True)
    assert not (await content_of(client, artifact, max_bytes=6)).truncated
    assert await call(client, "artifact", "get", value=artifact.metadata.id) == artifact
    with pytest.raises(InvalidArgument, match="max_bytes"):
        await content_of(client, artifact, max_bytes=-1)


async def test_artifacts_are_listed_by_the_execution_that_left_them(client: AsyncClient) -> None:
    run, turn = await run_of(client), await turn_of(client)
    made = [(await make_artifact(client, run, display_name="same name")).metadata.id for _ in range(3)]
    other = await make_artifact(client, turn)
    listed = await call(client, "artifact", "listByExecution", workflow_execution_id=run.metadata.id, page_size=2)
    assert [item.metadata.id for item in listed.entries] == made[:0:-1]
    assert listed.total_pages == 2
    listed = await call(client, "artifact", "listByExecution", agent_execution_id=turn.metadata.id)
    assert [item.metadata.id for item in listed.entries] == [other.metadata.id]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"source": {}}, "spec.source"),
        ({"source": {"task_name": "x"}}, "spec.source"),
        ({"retention": {"ttl_days": -1}}, "spec.retention.ttl_days"),
        ({"retention": {"ttl_days": 2_000_000_000}}, "spec.retention.ttl_days"),
        ({"content_type": ""}, "spec.content_type"),
        ({"display_name": "x" * 256}, "spec.display_name"),
    ],
)
async def test_a_bad_artifact_is_refused_and_leaves_no_file(
    app: App, client: AsyncClient, spec: dict[str, Any], field: str
) -> None:
    execution = await run_of(client)
    with pytest.raises(InvalidArgument) as refused:
        await make_artifact(client, execution, **spec)
    assert field in {item.field for item in refused.value.violations}
    assert files(app) == []


async def test_an_artifact_of_no_execution_is_refused(client: AsyncClient) -> None:
    execution = await run_of(client)
    with pytest.raises(NotFound) as missing:
        await make_artifact(client, execution, source={"agent_execution_id": execution.metadata.id})
    assert missing.value.violations[0].field == "spec.source.agent_execution_id"
    with pytest.raises(InvalidArgument):
        await make_artifact(client, execution, content=b"")


async def test_equal_contents_share_a_file_until_the_last_goes(app: App, client: AsyncClient) -> None:
    execution = await run_of(client)
    one, two = await make_artifact(client, execution), await make_artifact(client, execution)
    assert len(files(app)) == 1
    await call(client, "artifact", "delete", value=one.metadata.id)
    assert (await content_of(client, two)).content == b"result"
    await call(client, "artifact", "delete", value=two.metadata.id)
    assert files(app) == []
    with pytest.raises(NotFound):
        await content_of(client, two)


async def test_what_has_expired_is_marked_and_its_file_removed(app: App, client: AsyncClient) -> None:
    execution = await run_of(client)
    short = await make_artifact(client, execution, b"short", retention={"ttl_days": 1})
    longer = await make_artifact(client, execution, b"longer", retention={"ttl_days": 30})
    for_ever = await make_artifact(client, execution, b"for ever")
    expires = datetime.fromisoformat(short.status.expires_at)
    created = short.status.audit.spec_audit.created_at.ToDatetime(tzinfo=UTC)
    assert abs(expires - created - timedelta(days=1)) < timedelta(seconds=1)
    assert await app.artifact_upkeep.expire(datetime.now(UTC)) == 0
    assert await app.artifact_upkeep.expire(datetime.now(UTC) + A_WEEK) == 1
    assert await app.artifact_upkeep.expire(datetime.now(UTC) + A_WEEK) == 0
    with pytest.raises(NotFound) as gone:
        await content_of(client, short)
    assert gone.value.reason == "ARTIFACT_EXPIRED"
    assert (await call(client, "artifact", "get", value=short.metadata.id)).status.storage_state == 3
    assert (await content_of(client, longer)).content == b"longer"
    assert (await content_of(client, for_ever)).content == b"for ever"
    assert len(files(app)) == 2


async def test_expiry_leaves_a_file_that_another_artifact_needs(app: App, client: AsyncClient) -> None:
    execution = await run_of(client)
    await make_artifact(client, execution, retention={"ttl_days": 1})
    kept = await make_artifact(client, execution)
    assert await app.artifact_upkeep.expire(datetime.now(UTC) + A_WEEK) == 1
    assert (await content_of(client, kept)).content == b"result"


async def test_artifacts_go_with_their_execution_and_the_sweep_takes_their_files(app: App, client: AsyncClient) -> None:
    execution = await run_of(client)
    await make_artifact(client, execution)
    await call(client, "workflow_execution", "terminate", id=execution.metadata.id)
    await call(client, "workflow_execution", "delete", value=execution.metadata.id)
    listed = await call(client, "artifact", "listByExecution", workflow_execution_id=execution.metadata.id)
    assert list(listed.entries) == []
    assert len(await app.artifact_upkeep.sweep(datetime.now(UTC) + A_WEEK)) == 1
    assert files(app) == []


async def test_an_attachment_is_read_back_through_its_execution(client: AsyncClient) -> None:
    key = await upload(client, b"hello")
    assert key == f"attachments/{hashlib.sha256(b'hello').hexdigest()}"
    attachment = {"filename": "notes.md", "storage_key": key, "content_type": "text/markdown"}
    execution = await turn_of(client, attachments=[attachment])
    found = await file_of(client, execution, key)
    assert (found.content, found.content_type, found.total_size_bytes) == (b"hello", "text/markdown", 5)
    part = await file_of(client, execution, key, max_bytes=2)
    assert (part.content, part.truncated) == (b"he", True)


async def test_what_an_execution_reports_or_left_is_read_through_it(client: AsyncClient) -> None:
    execution = await turn_of(client)
    reported = await upload(client, b"<p>hi</p>")
    await report(client, execution, sequence=1, artifacts=[{"name": "page.html", "storage_key": reported}])
    found = await file_of(client, execution, reported)
    assert (found.content, found.content_type) == (b"<p>hi</p>", "text/html")
    left = await make_artifact(client, execution, b"{}", content_type="application/json")
    found = await file_of(client, execution, f"artifacts/{left.status.content_hash}")
    assert (found.content, found.content_type) == (b"{}", "application/json")


async def test_one_entry_of_a_zip_is_read_within_limits(client: AsyncClient) -> None:
    key = await upload(client, make_zip({"a/b.csv": "1;2;3", "c.txt": "x"}), "all.zip")
    plain = await upload(client, b"no zip")
    bomb = await upload(client, make_zip({"zeros": b"\0" * 2_000_000}))
    listed = [{"filename": f"{index}.zip", "storage_key": item} for index, item in enumerate((key, plain, bomb))]
    execution = await turn_of(client, attachments=listed)
    found = await file_of(client, execution, key, entry_path="a/b.csv")
    assert (found.content, found.content_type, found.total_size_bytes) == (b"1;2;3", "text/csv", 5)
    part = await file_of(client, execution, key, entry_path="a/b.csv", max_bytes=1)
    assert (part.content, part.truncated) == (b"1", True)
    for path in ("a", "../c.txt", "/etc/passwd", "c.txt\0"):
        with pytest.raises(NotFound) as missing:
            await file_of(client, execution, key, entry_path=path)
        assert missing.value.reason == "ENTRY_NOT_FOUND"
    for wrong in (plain, bomb):
        with pytest.raises(InvalidArgument, match="entry_path"):
            await file_of(client, execution, wrong, entry_path="zeros")


async def test_a_file_of_another_execution_is_not_found(client: AsyncClient) -> None:
    key = await upload(client, b"secret")
    await turn_of(client, attachments=[{"filename": "a", "storage_key": key}])
    other = await turn_of(client)
    with pytest.raises(NotFound) as missing:
        await file_of(client, other, key)
    assert missing.value.reason == "ARTIFACT_NOT_FOUND"
    with pytest.raises(NotFound):
        await call(client, "agent_execution", "getArtifactContent", execution_id="aex-nothing", storage_key=key)


@pytest.mark.parametrize(
    "key",
    ["../../../etc/passwd", "/etc/passwd", "attachments/../../token", "skills/" + "a" * 64 + ".zip", "x" * 10_000],
)
async def test_a_key_that_is_none_is_refused(client: AsyncClient, key: str) -> None:
    execution = await turn_of(client)
    with pytest.raises(InvalidArgument, match="storage_key"):
        await file_of(client, execution, key)
    with pytest.raises(InvalidArgument) as refused:
        await turn_of(client, attachments=[{"filename": "a", "storage_key": key}])
    assert refused.value.violations[0].field == "spec.attachments[0].storage_key"


async def test_an_attachment_that_was_never_uploaded_is_refused(client: AsyncClient) -> None:
    with pytest.raises(NotFound) as missing:
        await turn_of(client, attachments=[{"filename": "a", "storage_key": "attachments/" + "a" * 64}])
    assert missing.value.reason == "REFERENCE_NOT_FOUND"


@pytest.mark.parametrize("name", ["", "../a", "a/b", "..", "a\\b"])
async def test_a_file_name_with_a_path_is_refused(app: App, client: AsyncClient, name: str) -> None:
    with pytest.raises(InvalidArgument, match="filename"):
        await upload(client, b"x", name)
    assert files(app) == []


async def test_the_sweep_takes_only_old_files_that_nothing_names(app: App, client: AsyncClient) -> None:
    used, unused = await upload(client, b"used"), await upload(client, b"unused")
    await turn_of(client, attachments=[{"filename": "a", "storage_key": used}])
    leftover = app.artifacts.root / "attachments" / ".x.tmp"
    leftover.write_bytes(b"half")
    aside = app.artifacts.root / used
    aside.rename(aside.with_name(f".removing-0123456789abcdef.{aside.name}"))
    assert await app.artifact_upkeep.sweep(datetime.now(UTC)) == []
    old = time.time() - A_WEEK.total_seconds()
    for path in files(app):
        os.utime(path, (old, old))
    assert await app.artifact_upkeep.sweep(datetime.now(UTC)) == [unused]
    assert files(app) == [app.artifacts.root / used]


async def test_creations_and_deletions_at_once_never_lose_a_file(client: AsyncClient) -> None:
    execution = await run_of(client)

    async def make_and_maybe_drop(number: int) -> Any:
        artifact = await make_artifact(client, execution, b"shared")
        if number % 3:
            await call(client, "artifact", "delete", value=artifact.metadata.id)
            return None
        return artifact

    made = await asyncio.gather(*(make_and_maybe_drop(number) for number in range(30)))
    for artifact in filter(None, made):
        assert (await content_of(client, artifact)).content == b"shared"
