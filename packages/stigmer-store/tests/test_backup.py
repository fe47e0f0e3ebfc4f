"""Copies of a SQLite store, made while it is written to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from stigmer_store import (
    BackupFailed,
    BackupUnsupported,
    ListQuery,
    Repository,
    ResourceRecord,
    Transaction,
    check_backup,
    fields_in_backup,
    is_in_backup,
    open_repository,
)

Maker = Callable[..., ResourceRecord]
Putter = Callable[..., Coroutine[Any, Any, ResourceRecord]]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_backup_under_64_writers_is_one_moment(store: Repository, record: Maker, tmp_path: Path) -> None:
    stop = asyncio.Event()
    begun = asyncio.Barrier(65)

    async def writer(number: int) -> None:
        """Two resources and an event in each transaction: a torn copy would show."""
        count = 0
        while not stop.is_set() or count < 2:

            def work(tx: Transaction, count: int = count) -> None:
                body = bytes([count % 256]) * 2000
                tx.put(record(tx, f"a{number}", body=body))
                tx.put(record(tx, f"b{number}", body=body))
                tx.append_events(f"aex-{number}", [(f"e{count}", body)])

            await store.write(work)
            count += 1
            if count == 1:
                await begun.wait()

    async with asyncio.timeout(60):
        writers = [asyncio.create_task(writer(number)) for number in range(64)]
        await begun.wait()
        revisions = [await store.backup(tmp_path / f"copy-{number}.db") for number in range(3)]
        stop.set()
        await asyncio.gather(*writers)
    assert 64 <= revisions[0] <= revisions[1] <= revisions[2] <= await store.revision()
    for number, revision in enumerate(revisions):
        path = tmp_path / f"copy-{number}.db"
        assert path.stat().st_mode & 0o777 == 0o600
        assert check_backup(path) == revision
        await is_consistent(path, revision)
    assert not partials(tmp_path)


def partials(folder: Path) -> list[Path]:
    """What an unfinished copy would have left."""
    return [*folder.glob("*partial*")]


async def is_consistent(path: Path, revision: int) -> None:
    """Everything in the copy belongs to this revision, and work goes on from there."""
    copy = open_repository(f"sqlite:///{path}")
    try:
        assert await copy.revision() == revision
        log = await copy.changes(0, 1_000_000)
        assert [change.revision for change in log] == [r for r in range(1, revision + 1) for _ in "ab"]
        for number in range(64):
            first, second = await copy.get("Agent", f"a{number}"), await copy.get("Agent", f"b{number}")
            assert first is not None
            assert second is not None
            events = await copy.events(f"aex-{number}", 0, 1_000_000)
            assert first.body == second.body == events[-1].body
        assert await copy.write(lambda tx: tx.revision()) == revision + 1
    finally:
        await copy.close()


@pytest.mark.parametrize("place", ["memory", "postgres"], indirect=True)
async def test_other_stores_say_that_they_have_no_such_backup(store: Repository, tmp_path: Path) -> None:
    with pytest.raises(BackupUnsupported):
        await store.backup(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_place_that_cannot_be_written_is_told(store: Repository, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="No such file"):
        await store.backup(tmp_path / "none" / "copy.db")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BackupFailed, match="directory"):
        await store.backup(tmp_path / "folder")
    assert not partials(tmp_path)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_damaged_copy_is_recognised(store: Repository, put: Putter, tmp_path: Path) -> None:
    for number in range(50):
        await put(store, f"a{number}", body=b"x" * 3000)
    path = tmp_path / "copy.db"
    await store.backup(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupFailed):
        check_backup(path)
    path.write_bytes(b"something else" * 1000)
    with pytest.raises(BackupFailed, match="no database"):
        check_backup(path)
    path.write_bytes(b"")
    with pytest.raises(BackupFailed, match="no database"):
        check_backup(path)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_copy_holds_everything(store: Repository, record: Maker, tmp_path: Path) -> None:
    def work(tx: Transaction) -> None:
        tx.put(record(tx, "a", labels={"l": "1"}, fields={"f": "2"}))
        tx.enqueue("start", "a", b"payload")

    await store.write(work)
    await store.backup(tmp_path / "copy.db")
    copy = open_repository(f"sqlite:///{tmp_path}/copy.db")
    assert (await copy.list(ListQuery(labels={"l": "1"}, fields={"f": "2"}))).total == 1
    await copy.close()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_copy_tells_what_it_holds_without_being_opened_as_a_store(
    store: Repository, put: Putter, tmp_path: Path
) -> None:
    path = tmp_path / "copy.db"
    await put(store, "a", fields={"file:b": "1", "file:a": "1", "filed": "1", "file": "1"})
    await put(store, "b", fields={"file:b": "1", "FILE:c": "1"})
    await store.backup(path)
    await put(store, "later", fields={"file:later": "1"})
    before = path.read_bytes()
    assert fields_in_backup(path, "file:") == ["file:a", "file:b"]
    assert is_in_backup(path, "Agent", "a")
    assert not is_in_backup(path, "Agent", "later")
    assert not is_in_backup(path, "Other", "a")
    assert path.read_bytes() == before
    assert not (tmp_path / "copy.db-wal").exists()
    for read in (lambda: fields_in_backup(path, "file:"), lambda: is_in_backup(path, "Agent", "a")):
        path.write_bytes(b"something else" * 1000)
        with pytest.raises(BackupFailed, match="no database"):
            read()
