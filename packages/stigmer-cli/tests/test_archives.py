"""Backups with files: what a whole one holds, every way not to be one, and where its files go."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest

from stigmer_cli import archives, copies
from stigmer_cli.errors import UsageError

FILES = {b"a skill": "skills/{}.zip", b"a result": "artifacts/{}", b"an attachment": "attachments/{}"}


def key_of(content: bytes) -> str:
    return FILES[content].format(hashlib.sha256(content).hexdigest())


@pytest.fixture
def members(tmp_path: Path) -> dict[str, bytes]:
    """The members of a whole archive, in order."""
    path = tmp_path / "made.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
    database = path.read_bytes()
    path.unlink()
    manifest = {
        "format": "stigmer-backup/1",
        "revision": 7,
        "key_id": "0123456789abcdef",
        "database": {"size": len(database), "sha256": hashlib.sha256(database).hexdigest()},
        "files": [{"key": key_of(content), "size": len(content)} for content in FILES],
        "missing": ["artifacts/lost"],
    }
    files = {f"files/{key_of(content)}": content for content in FILES}
    return {"stigmer.db": database, **files, "manifest.json": json.dumps(manifest).encode()}


def write(path: Path, members: dict[str, bytes], **odd: Any) -> Path:
    """An archive of these members; `odd` changes the header of the last one."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for attribute, value in odd.items() if name == [*members][-1] else ():
                setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(content))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        copies.check(path, without_checksum=True)
    assert caught.value.message.startswith(str(path))
    return caught.value.message


def test_a_whole_archive_says_what_it_holds(members: dict[str, bytes], tmp_path: Path) -> None:
    path = write(tmp_path / "backup.tar", members)
    assert copies.check(path, without_checksum=True) == archives.Contents(7, "0123456789abcdef", 3, ("artifacts/lost",))
    with pytest.raises(UsageError, match="is missing, so nobody knows"):
        copies.check(path, without_checksum=False)
    with archives.database_in(path) as database:
        assert database.read() == members["stigmer.db"]


def test_an_archive_that_was_cut_off_anywhere_is_refused(members: dict[str, bytes], tmp_path: Path) -> None:
    path = write(tmp_path / "backup.tar", members)
    whole = path.read_bytes()
    end = whole.index(b"stigmer-backup/1")
    for size in (*range(512, end, 512), end - 1):
        path.write_bytes(whole[:size])
        assert "is damaged" in refusal(path)


def test_half_an_archive_and_what_does_not_belong_in_one_are_refused(members: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"
    skill, result, _ = (f"files/{key_of(content)}" for content in FILES)

    def without(name: str) -> dict[str, bytes]:
        return {key: value for key, value in members.items() if key != name}

    def before_the_end(name: str, content: bytes = b"x") -> dict[str, bytes]:
        end = members["manifest.json"]
        return {**without("manifest.json"), name: content, "manifest.json": end}

    assert "has no manifest.json" in refusal(write(path, without("manifest.json")))
    assert "lacks 1 of 3 files" in refusal(write(path, without(skill)))
    assert "its stigmer.db is not the one" in refusal(write(path, without("stigmer.db")))
    assert "its stigmer.db is not the one" in refusal(write(path, {**members, "stigmer.db": b"other"}))
    assert "does not have the content that its name says" in refusal(write(path, {**members, result: b"altered"}))
    other = f"files/attachments/{hashlib.sha256(b'x').hexdigest()}"
    assert "holds other files" in refusal(write(path, before_the_end(other)))
    for hostile in ("files/../../token", "/etc/passwd", "files/skills/short.zip", "encryption.key"):
        assert "does not belong in it" in refusal(write(path, before_the_end(hostile)))
    assert "comes after the manifest" in refusal(write(path, {**members, other: b"x"}))
    link = {**members, "manifest.json": b""}
    assert "does not belong in it" in refusal(write(path, link, type=tarfile.SYMTYPE, linkname="/etc/passwd"))
    assert "cannot be read" in refusal(write(path, {**members, "manifest.json": b"{"}))
    assert "no backup that this version reads" in refusal(write(path, {**members, "manifest.json": b"{}"}))
    assert "cannot be read" in refusal(write(path, {**members, "manifest.json": b'{"format": "stigmer-backup/1"}'}))


def test_files_go_where_the_server_looks_for_them_and_mend_what_is_damaged_there(
    members: dict[str, bytes], tmp_path: Path
) -> None:
    path, directory = write(tmp_path / "backup.tar", members), tmp_path / "home" / "artifacts"
    assert archives.put_files(path, directory) == 3
    kept = directory / key_of(b"a skill")
    damaged = directory / key_of(b"a result")
    damaged.write_bytes(b"damaged")
    other = directory / "artifacts" / "of-something-else"
    other.write_bytes(b"stays")
    assert archives.put_files(path, directory) == 1, "the damaged one"
    for content in FILES:
        assert (directory / key_of(content)).read_bytes() == content
    assert kept.stat().st_mode & 0o777 == 0o600
    assert other.exists()
    assert not [*directory.rglob("*.tmp")]
