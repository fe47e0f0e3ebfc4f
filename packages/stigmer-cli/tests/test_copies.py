"""Copies of the database: what arrives, what is refused, and how one takes the place of another."""

from __future__ import annotations

import contextlib
import hashlib
import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stigmer_api.messages import message_class
from stigmer_cli import copies
from stigmer_cli.errors import CliError, UsageError


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    """A small SQLite file."""
    path = tmp_path / "made.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
    content = path.read_bytes()
    path.unlink()
    return content


def stream(content: bytes, **summary: Any) -> Iterator[Any]:
    """What a server sends for a file; `summary` alters the end."""
    chunk = message_class("stigmer.runtime.v1.BackupChunk")
    for start in range(0, len(content), 1000):
        yield chunk(data=content[start : start + 1000])
    end = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "revision": 7, **summary}
    yield chunk(summary=message_class("stigmer.runtime.v1.BackupSummary")(**end))


def test_a_whole_stream_becomes_a_private_file_with_its_checksum(database: bytes, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    copy = copies.save(stream(database), path)
    assert (copy.summary.size, copy.summary.revision) == (len(database), 7)
    assert path.read_bytes() == database
    assert {item.name: item.stat().st_mode & 0o777 for item in tmp_path.iterdir()} == {
        "copy.db": 0o600,
        "copy.db.sha256": 0o600,
    }
    assert (tmp_path / "copy.db.sha256").read_text() == f"{copy.summary.sha256}  copy.db\n"
    assert copies.check(path, without_checksum=False) is None, "a database alone, as earlier versions wrote"


@pytest.mark.parametrize("summary", [{"size": 1}, {"sha256": "0" * 64}, None])
def test_a_stream_that_is_not_whole_leaves_nothing(
    database: bytes, tmp_path: Path, summary: dict[str, Any] | None
) -> None:
    chunks = list(stream(database, **(summary or {})))
    with pytest.raises(CliError, match="incomplete"):
        copies.save(chunks if summary else chunks[:-1], tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_an_old_copy_stays_when_its_replacement_fails(database: bytes, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    copies.save(stream(database), path)
    with pytest.raises(CliError):
        copies.save(stream(database, size=1), path)
    copies.check(path, without_checksum=False)


def test_what_is_no_whole_database_is_refused(database: bytes, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"

    def refusal(content: bytes, *, without_checksum: bool = True) -> str:
        path.write_bytes(content)
        with pytest.raises(UsageError) as caught:
            copies.check(path, without_checksum=without_checksum)
        return caught.value.message

    assert "is no backup" in refusal(b"")
    assert "is no backup" in refusal(b"x" * 5000)
    assert "is damaged" in refusal(database[:-1])
    assert "is missing" in refusal(database, without_checksum=False)
    copies.save(stream(database), path)
    altered = bytearray(database)
    altered[-1] ^= 1
    assert "checksum" in refusal(bytes(altered), without_checksum=False)
    path.unlink()
    with pytest.raises(UsageError, match="cannot read"):
        copies.check(path, without_checksum=False)


def test_the_database_before_is_kept_with_its_log(database: bytes, tmp_path: Path) -> None:
    current = tmp_path / "stigmer.db"
    assert copies.put_in_place(io.BytesIO(database), current) is None
    for number, name in enumerate(("stigmer.db.before-restore", "stigmer.db.before-restore-2")):
        current.write_text(f"old {number}")
        (tmp_path / "stigmer.db-wal").write_text(f"log {number}")
        (tmp_path / "stigmer.db-shm").write_text("")
        kept = copies.put_in_place(io.BytesIO(database), current)
        assert kept == tmp_path / name
        assert kept.read_text() == f"old {number}"
        assert (tmp_path / f"{name}-wal").read_text() == f"log {number}"
        assert current.read_bytes() == database
        assert current.stat().st_mode & 0o777 == 0o600
        assert not (tmp_path / "stigmer.db-wal").exists()
        assert not (tmp_path / "stigmer.db-shm").exists()
