"""Skills over the wire: push, versions, tags, files that are shared and deleted, hostile packages and keys."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import AGENT_SPEC, call, request, resource
from zip_making import make_zip, skill_zip, twice, with_link, zip64_lies

from stigmer_api.errors import AlreadyExists, ApiError, Internal, InvalidArgument, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App


async def push(client: AsyncClient, artifact: bytes, **fields: Any) -> Any:
    message = request("skill", "push", org=fields.pop("org", "local"), **fields)
    message.artifact = artifact
    return await client.call("skill", "push", message)


async def entries(client: AsyncClient, slug: str = "cooking", **fields: Any) -> Any:
    return (await call(client, "skill", "listVersions", **{"org": "local", "slug": slug, **fields})).versions


async def of_version(client: AsyncClient, version: str) -> Any:
    return await call(client, "skill", "getByReference", slug="cooking", version=version)


async def artifact(client: AsyncClient, key: str) -> bytes:
    return bytes((await call(client, "skill", "getArtifact", artifact_storage_key=key)).artifact)


def files(app: App) -> list[Path]:
    return [path for path in app.artifacts.root.rglob("*") if path.is_file()]


async def test_a_pushed_skill_is_read_back_whole(app: App, client: AsyncClient) -> None:
    data = make_zip()
    provenance = {"remote_url": "https://example.org/r.git", "commit": "abc"}
    skill = await push(client, data, tag="v1", message="first", labels={"team": "a"}, git_provenance=provenance)
    assert (skill.metadata.name, skill.metadata.slug, skill.metadata.org) == ("cooking", "cooking", "local")
    assert (skill.spec.name, skill.spec.description, skill.spec.tag) == ("cooking", "How to cook", "v1")
    assert "Boil it." in skill.spec.skill_md
    assert skill.status.state == 2
    assert skill.status.git_provenance.commit == "abc"
    assert skill.metadata.labels["team"] == "a"
    assert skill.status.artifact_storage_key == f"skills/{hashlib.sha256(data).hexdigest()}.zip"
    assert await artifact(client, skill.status.artifact_storage_key) == data
    assert await call(client, "skill", "get", value=skill.metadata.id) == skill
    (entry,) = await entries(client)
    assert (entry.version_hash, entry.tag, entry.message) == (skill.status.version_hash, "v1", "first")
    assert entry.artifact_storage_key == skill.status.artifact_storage_key
    assert (entry.git_provenance.commit, entry.is_current, entry.pushed_by.id) == ("abc", True, "local")
    assert entry.pushed_at == skill.status.audit.spec_audit.updated_at
    (stored,) = files(app)
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert stored == app.artifacts.root / skill.status.artifact_storage_key


async def test_the_same_content_zipped_again_is_the_same_version(app: App, client: AsyncClient) -> None:
    first = await push(client, make_zip(year=2001), tag="v1")
    again = await push(client, make_zip(year=2002))
    assert again == first
    assert len(await entries(client)) == 1
    assert len(files(app)) == 1


async def test_new_content_is_a_new_version_and_keeps_who_the_skill_is(client: AsyncClient) -> None:
    one = await push(client, skill_zip("one"), tag="stable")
    two = await push(client, skill_zip("two"), message="second", labels={"team": "b"})
    assert two.metadata.id == one.metadata.id
    assert two.status.audit.spec_audit.created_at == one.status.audit.spec_audit.created_at
    assert two.status.audit.spec_audit.event == "updated"
    assert two.metadata.version.previous_version_id == one.status.version_hash
    assert [(item.is_current, item.tag) for item in await entries(client)] == [(True, ""), (False, "stable")]
    old = await of_version(client, "stable")
    assert "one" in old.spec.skill_md
    assert old.status.artifact_storage_key == one.status.artifact_storage_key
    assert "two" in (await of_version(client, "latest")).spec.skill_md
    assert "one" in (await of_version(client, one.status.version_hash)).spec.skill_md
    assert await artifact(client, one.status.artifact_storage_key) == skill_zip("one")


async def test_a_tag_moves_with_a_push(client: AsyncClient) -> None:
    one = await push(client, skill_zip("one"), tag="stable")
    two = await push(client, skill_zip("two"), tag="stable")
    assert (await of_version(client, "stable")).status.version_hash == two.status.version_hash
    back = await push(client, skill_zip("one"), tag="stable")
    assert back.status.version_hash == one.status.version_hash
    assert back.spec.tag == back.metadata.version.tag == "stable"
    assert [(item.is_current, item.tag) for item in await entries(client)] == [(False, ""), (True, "stable")]
    assert (await of_version(client, two.status.version_hash)).spec.tag == ""


async def test_equal_names_in_two_orgs_are_two_skills(client: AsyncClient) -> None:
    one = await push(client, skill_zip("one"))
    other = await push(client, skill_zip("other"), org="acme")
    assert one.metadata.id != other.metadata.id
    assert other.metadata.org == "acme"
    assert "one" in (await of_version(client, "")).spec.skill_md


async def test_names_that_need_one_slug_do_not_overwrite_each_other(client: AsyncClient) -> None:
    await push(client, skill_zip("one", name="a.b"))
    with pytest.raises(AlreadyExists):
        await push(client, skill_zip("two", name="a-b"))


async def test_a_skill_without_a_name_takes_the_one_that_the_caller_gives(client: AsyncClient) -> None:
    skill = await push(client, make_zip({"SKILL.md": "Boil it."}), name="My Kitchen")
    assert (skill.metadata.name, skill.spec.name, skill.metadata.slug) == ("My Kitchen", "my-kitchen", "my-kitchen")
    with pytest.raises(InvalidArgument, match="names no skill"):
        await push(client, make_zip({"SKILL.md": "Boil it."}))


async def test_a_deleted_skill_takes_its_versions_and_files_and_leaves_those_of_others(
    app: App, client: AsyncClient
) -> None:
    shared = make_zip({"SKILL.md": "Boil it."})
    one = await push(client, shared, name="one")
    await push(client, make_zip({"SKILL.md": "Fry it."}), name="one")
    two = await push(client, shared, name="two")
    assert len(files(app)) == 2
    assert (await call(client, "skill", "delete", value=one.metadata.id)).metadata.id == one.metadata.id
    assert [app.artifacts.root / two.status.artifact_storage_key] == files(app)
    assert await artifact(client, two.status.artifact_storage_key) == shared
    with pytest.raises(NotFound):
        await entries(client, "one")
    await call(client, "skill", "delete", value=two.metadata.id)
    assert files(app) == []
    with pytest.raises(NotFound):
        await artifact(client, two.status.artifact_storage_key)
    assert (await push(client, shared, name="one")).metadata.id != one.metadata.id


async def test_an_unknown_skill_cannot_be_deleted(client: AsyncClient) -> None:
    with pytest.raises(NotFound):
        await call(client, "skill", "delete", value="skl-nothing")
    with pytest.raises(InvalidArgument):
        await call(client, "skill", "delete", value="")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is required"),
        (b"no zip", "invalid ZIP file"),
        (make_zip({"README.md": "x"}), "SKILL.md not found"),
        (make_zip({"SKILL.md": "x", "a": b"\0" * 2_000_000}), "compression ratio"),
        (make_zip({"SKILL.md": "x", "../../../etc/passwd": "x"}), "'..' in its path"),
        (with_link(), "symbolic link"),
        (twice(), "occurs twice"),
        (zip64_lies(), "ZIP64"),
        (make_zip()[:-10], "invalid ZIP file"),
    ],
)
async def test_a_hostile_package_is_refused_and_leaves_nothing(
    app: App, client: AsyncClient, data: bytes, words: str
) -> None:
    with pytest.raises(InvalidArgument, match=words) as refused:
        await push(client, data, name="cooking")
    assert {item.field for item in refused.value.violations} == {"artifact"}
    assert files(app) == []
    assert await app.repository.revision() == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tag": "latest"}, "tag"),
        ({"tag": "no good"}, "tag"),
        ({"org": ""}, "org"),
        ({"org": "No Org"}, "metadata.org"),
        ({"artifact_upload_ref": "x"}, "artifact_upload_ref"),
        ({"git_provenance": {"ref": "main"}}, "git_provenance.remote_url"),
    ],
)
async def test_bad_fields_of_a_push_are_named(client: AsyncClient, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await push(client, make_zip(), **fields)
    assert field in {item.field for item in refused.value.violations}


@pytest.mark.parametrize(
    "key",
    [
        "",
        "../../../etc/passwd",
        "/etc/passwd",
        "skills/../../stigmer.db",
        "skills/" + "A" * 64 + ".zip",
        "skills/" + "a" * 64,
        "skills/" + "a" * 64 + ".zip\n",
        "attachments/" + "a" * 64,
        "skills\\" + "a" * 64 + ".zip",
        "x" * 100_000,
        "skills/\0" + "a" * 64 + ".zip",
    ],
)
async def test_a_key_that_is_none_is_refused(client: AsyncClient, key: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await artifact(client, key)
    assert {item.field for item in refused.value.violations} == {"artifact_storage_key"}


async def test_a_key_of_nothing_is_not_found(client: AsyncClient) -> None:
    with pytest.raises(NotFound) as missing:
        await artifact(client, "skills/" + "a" * 64 + ".zip")
    assert missing.value.reason == "ARTIFACT_NOT_FOUND"


async def test_a_damaged_file_is_noticed_and_mended_by_the_next_push(app: App, client: AsyncClient) -> None:
    skill = await push(client, make_zip())
    (stored,) = files(app)
    stored.write_bytes(b"something else")
    with pytest.raises(Internal) as damaged:
        await artifact(client, skill.status.artifact_storage_key)
    assert damaged.value.reason == "ARTIFACT_CORRUPT"
    await push(client, make_zip())
    assert await artifact(client, skill.status.artifact_storage_key) == make_zip()


async def test_pushes_and_deletions_at_once_never_leave_a_skill_without_its_file(client: AsyncClient) -> None:
    bodies = [skill_zip(f"body {number % 3}") for number in range(30)]

    async def drop() -> None:
        try:
            found = await of_version(client, "")
            await call(client, "skill", "delete", value=found.metadata.id)
        except ApiError:
            pass

    work = [push(client, body) for body in bodies]
    await asyncio.gather(*work, *(drop() for _ in range(10)))
    last = await push(client, bodies[0])
    for entry in await entries(client):
        assert await artifact(client, entry.artifact_storage_key)
    assert len([entry for entry in await entries(client) if entry.is_current]) == 1
    assert last.status.version_hash == (await of_version(client, "latest")).status.version_hash


async def test_agents_may_use_the_versions_that_exist_and_no_other(client: AsyncClient) -> None:
    skill = await push(client, make_zip(), tag="v1")
    for version in ("", "latest", "v1", skill.status.version_hash):
        refs = {"skill_refs": [{"kind": "skill", "slug": "cooking", "version": version}]}
        await client.call("agent", "apply", resource("agent", "cook", {**AGENT_SPEC, **refs}))
    for version in ("v2", "0" * 64):
        refs = {"skill_refs": [{"kind": "skill", "slug": "cooking", "version": version}]}
        with pytest.raises(NotFound) as missing:
            await client.call("agent", "apply", resource("agent", "cook", {**AGENT_SPEC, **refs}))
        assert missing.value.reason == "REFERENCE_NOT_FOUND"
        assert missing.value.violations[0].field == "spec.skill_refs[0].version"


async def test_files_go_where_the_setting_says(serving: Callable[..., Any], tmp_path: Path) -> None:
    from stigmer_api.client import AsyncClient

    async with serving(artifacts_dir=tmp_path / "files") as app, AsyncClient(app.address, app.token) as client:
        skill = await push(client, make_zip())
        assert (tmp_path / "files" / skill.status.artifact_storage_key).is_file()
