"""The sessions of runners on many machines in one Postgres, in a schema of their own.

A run holds one connection: on it lies the advisory lock of its session, and everything that it saves goes through it.
A run that loses the connection loses the lock, and from then on can save nothing either.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from stigmer_agent_runner.checkpoints.protocol import Checkpoints, Row, to_its_end
from stigmer_agent_runner.checkpoints.tables import postgres_tables
from stigmer_agent_runner.errors import CheckpointsAway, SettingsError

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.protocol import Control
    from stigmer_agent_runner.sessions import SessionPaths

__all__ = ["SCHEMA", "PostgresCheckpoints", "PostgresSessions"]

_log = structlog.get_logger(__name__)

SCHEMA = "stigmer_agent"
_CONNECT_SECONDS = 10
_LOCK_POLL_SECONDS = 0.2
_BACKOFF = (0.2, 5.0)

_NOTICE_LOST_CLIENTS = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)
"""A machine that vanishes says no goodbye: the lock of its sessions is free after half a minute."""

_COPIES = (
    (
        "INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)"
        " SELECT %(target)s, b.checkpoint_ns, b.channel, b.version, b.type, b.blob FROM checkpoint_blobs b"
        " WHERE b.thread_id = %(source)s AND b.checkpoint_ns = '' AND EXISTS (SELECT 1 FROM checkpoints c"
        " WHERE c.thread_id = %(source)s AND c.checkpoint_ns = '' AND c.checkpoint_id <= %(at)s"
        " AND c.checkpoint -> 'channel_versions' ->> b.channel = b.version) ON CONFLICT DO NOTHING"
    ),
    (
        "INSERT INTO checkpoint_writes"
        " (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path)"
        " SELECT %(target)s, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path"
        " FROM checkpoint_writes WHERE thread_id = %(source)s AND checkpoint_ns = '' AND checkpoint_id < %(at)s"
        " ON CONFLICT DO NOTHING"
    ),
    (
        "INSERT INTO checkpoints"
        " (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)"
        " SELECT %(target)s, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata"
        " FROM checkpoints WHERE thread_id = %(source)s AND checkpoint_ns = '' AND checkpoint_id <= %(at)s"
        " ON CONFLICT DO NOTHING"
    ),
)
"""The graph's own tables, the checkpoints last: what is half copied is not seen."""

Connection = psycopg.AsyncConnection[Row]


class PostgresCheckpoints:
    """What one session remembers, over the connection of its run. `lock`: whoever uses the connection holds it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.lock = asyncio.Lock()

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """See Checkpoints."""
        async with self.lock:
            return await to_its_end(_executed(self.connection, statement.replace("?", "%s"), values))

    async def copy_graph(self, original: SessionPaths, source: str, target: str, at: str) -> None:
        """See Checkpoints. Every session is in the same tables."""
        for statement in _COPIES:
            async with self.lock:
                values = {"source": source, "target": target, "at": at}
                await to_its_end(_copied(self.connection, statement, values))


class PostgresSessions:
    """A SessionStore in Postgres. url: `postgresql://…`."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def ready(self) -> bool:
        """See SessionStore. Several runners may do it at once."""
        try:
            async with await self._connect() as connection:
                await _make_tables(connection)
                return True
        except psycopg.OperationalError as error:
            raise CheckpointsAway(_first_line(error)) from error
        except psycopg.Error as error:
            raise SettingsError(
                f"the checkpoints cannot be kept in this Postgres: {_first_line(error)}; the user of"
                f" agent.database_url / server.database_url must own the schema {SCHEMA} or be allowed to make it:"
                " GRANT CREATE ON DATABASE … TO …"
            ) from error

    @contextlib.asynccontextmanager
    async def open(self, session_id: str, paths: SessionPaths, control: Control) -> AsyncIterator[Checkpoints | None]:
        """See SessionStore. The lock of the folder is held too: it guards the workspace of this machine."""
        async with contextlib.AsyncExitStack() as stack:
            if not await stack.enter_async_context(paths.lock(control)):
                yield None
                return
            connection = await self._patiently(control)
            if connection is None:
                yield None
                return
            await stack.enter_async_context(connection)
            yield (
                PostgresCheckpoints(connection)
                if await _locked(connection, f"session/{session_id}", control.wait)
                else None
            )

    async def _patiently(self, control: Control) -> Connection | None:
        """A connection; while Postgres is away the run waits, and it gives up only when it is asked to stop."""
        seconds, longest = _BACKOFF
        while True:
            try:
                return await self._connect()
            except psycopg.OperationalError as error:
                _log.warning("waiting for Postgres", error=_first_line(error), retry_seconds=seconds)
            if await control.wait(seconds):
                return None
            seconds = min(seconds * 2, longest)

    async def _connect(self) -> Connection:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="stigmer-agent-runner"
        )
        for statement in (f"SET search_path = {SCHEMA}", *_NOTICE_LOST_CLIENTS):
            await _executed(connection, statement)
        return connection


async def _make_tables(connection: Connection) -> None:
    await _locked(connection, "tables", asyncio.sleep)
    if (await _executed(connection, "SELECT to_regnamespace(%s) IS NULL", (SCHEMA,)))[0][0]:
        await _executed(connection, f"CREATE SCHEMA {SCHEMA}")
    for table in postgres_tables():
        await _executed(connection, table)
    await AsyncPostgresSaver(connection).setup()  # type: ignore[arg-type]  # it names the row type that its cursors set


async def _locked(connection: Connection, name: str, wait: Callable[[float], Awaitable[bool | None]]) -> bool:
    """Take an advisory lock; False when `wait` says that it is not wanted any more.

    A wait inside Postgres would stand in the way of another runner's CREATE INDEX CONCURRENTLY.
    """
    key = _key(name)
    while True:
        if (await _executed(connection, "SELECT pg_try_advisory_lock(%s)", (key,)))[0][0]:
            return True
        if await wait(_LOCK_POLL_SECONDS):
            return False


async def _executed(connection: Connection, statement: str, values: Sequence[Any] = ()) -> list[Row]:
    cursor = await connection.execute(statement.encode(), values or None)
    return await cursor.fetchall() if cursor.description is not None else []


async def _copied(connection: Connection, statement: str, values: dict[str, str]) -> None:
    await connection.execute(statement.encode(), values)


def _key(name: str) -> int:
    """An advisory lock is a number that the whole database shares."""
    digest = hashlib.sha256(f"{SCHEMA}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
