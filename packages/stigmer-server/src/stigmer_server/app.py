"""The composition root: the only place that knows all parts of the server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from stigmer_api.methods import (
    EVENT_SERVICE,
    MCP_DISCOVERY_SERVICE,
    RESOURCE_SERVICE,
    SEARCH_SERVICE,
    SERVER_SERVICE,
    TASK_KIND_SERVICE,
    services,
)
from stigmer_server import runtime
from stigmer_server.artifacts.expiry import ArtifactUpkeep
from stigmer_server.artifacts.files import ArtifactFiles
from stigmer_server.backup import backup
from stigmer_server.discovery import reports as discovery
from stigmer_server.discovery.attempts import CONNECT, Connector
from stigmer_server.errors import StartupError
from stigmer_server.executions.dispatch import Dispatcher
from stigmer_server.executions.reconcile import Reconciler
from stigmer_server.executions.temporal import TemporalLink
from stigmer_server.kinds import REGISTRATIONS
from stigmer_server.kinds.workflow import get_task_kind_registry
from stigmer_server.operations.audit import AuditLog
from stigmer_server.operations.http import OperationsHttp
from stigmer_server.operations.metrics import Metrics
from stigmer_server.publishing import publish
from stigmer_server.resources.controller import Controller
from stigmer_server.resources.registry import ResourceRegistry, Services, StreamBehaviour, UnaryBehaviour
from stigmer_server.rpc.boundary import Edge
from stigmer_server.rpc.install import install
from stigmer_server.rpc.serving import RpcServer
from stigmer_server.schedules.keeping import ScheduleKeeper
from stigmer_server.schedules.planning import SYNC
from stigmer_server.schedules.temporal import ScheduleLink
from stigmer_server.schedules.triggers import ARM, DISARM, EVENT, WorkflowTriggers
from stigmer_server.schedules.workflows import SYNC_WORKFLOW, WorkflowSchedules
from stigmer_server.search import search
from stigmer_server.secrets.vault import Vault
from stigmer_server.settings import Settings
from stigmer_server.token import fingerprint, read_or_make_token
from stigmer_server.upkeep import Upkeep
from stigmer_server.watch.broker import Broker
from stigmer_store import Repository, StoreError, StoreUnavailable, open_repository

__all__ = ["FREE_METHODS", "App", "open_store"]

_log = structlog.get_logger("stigmer.server")
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0

FREE_METHODS: dict[str, UnaryBehaviour | StreamBehaviour] = {
    f"/{SEARCH_SERVICE}/search": search,
    f"/{TASK_KIND_SERVICE}/getTaskKindRegistry": get_task_kind_registry,
    f"/{RESOURCE_SERVICE}/List": runtime.list_resources,
    f"/{RESOURCE_SERVICE}/Watch": runtime.watch_resources,
    f"/{EVENT_SERVICE}/Publish": publish,
    f"/{SERVER_SERVICE}/GetInfo": runtime.get_info,
    f"/{SERVER_SERVICE}/Backup": backup,
    f"/{MCP_DISCOVERY_SERVICE}/ReportDiscovery": discovery.report_discovery,
    f"/{MCP_DISCOVERY_SERVICE}/Quarantine": discovery.quarantine,
}


class App:
    """A whole server in one event loop. `async with App(settings, repository) as app` serves until the block ends.

    It closes the repository at the end.
    """

    def __init__(self, settings: Settings, repository: Repository) -> None:
        self.settings = settings
        self.token = settings.token or read_or_make_token(settings.home)
        self.repository = repository
        self.registry = ResourceRegistry(REGISTRATIONS)
        self.audit = AuditLog(settings.home / "data" / "logs" / "audit.log", f"token:{fingerprint(self.token)}")
        self.vault = Vault(settings.home, settings.encryption_key)
        self.controller = Controller(
            self.repository,
            self.registry.strategy_of,
            self.vault,
            on_enqueued=self._wake_dispatcher,
            audit=self.audit.record,
        )
        self.broker = Broker(self.repository)
        self.temporal = TemporalLink(settings.temporal_target, settings.temporal_namespace)
        self.schedules = ScheduleKeeper(self.controller, ScheduleLink(self.temporal), settings.reconcile_seconds)
        triggers = WorkflowTriggers(self.controller, self.temporal)
        self.workflow_schedules = WorkflowSchedules(self.controller, self.temporal, triggers)
        self.dispatcher = Dispatcher(
            self.controller,
            self.temporal,
            {
                SYNC: self.schedules.deliver,
                SYNC_WORKFLOW: self.workflow_schedules.deliver,
                ARM: triggers.arm,
                EVENT: triggers.give,
                DISARM: triggers.disarm,
                CONNECT: Connector(self.controller, self.temporal).deliver,
            },
        )
        self.reconciler = Reconciler(self.controller, self.temporal, settings.reconcile_seconds)
        self.upkeep = Upkeep(self.repository, settings)
        self.artifacts = ArtifactFiles(settings.artifacts_path)
        self.artifact_upkeep = ArtifactUpkeep(self.controller, self.artifacts)
        parts = Services(self.repository, self.controller, self.broker, self.temporal, self.artifacts)
        self.metrics = Metrics(self.repository, self.broker.stats, self.audit)
        self.http = (
            None if settings.http_port is None else OperationsHttp(self.repository, self.metrics, settings.http_port)
        )
        edge = Edge(settings.max_call_seconds, settings.max_message_bytes, self.metrics.call_ended)
        handlers = install(self.registry, FREE_METHODS, parts, edge)
        self.rpc = RpcServer(settings, self.token, handlers, services())
        self._tasks: list[asyncio.Task[None]] = []

    def _wake_dispatcher(self) -> None:
        self.dispatcher.wake()

    @property
    def address(self) -> str:
        """`host:port` that clients use."""
        return f"{self.settings.host}:{self.rpc.port}"

    async def __aenter__(self) -> Self:
        try:
            await self.vault.open(self.repository)
            if self.http is not None:
                await self.http.start()
            await self.rpc.start()
        except StartupError:
            if self.http is not None:
                await self.http.stop()
            await self.repository.close()
            raise
        for name, work in (
            ("dispatcher", self.dispatcher.run()),
            ("workflow schedules", self.workflow_schedules.run()),
            ("reconciler", self.reconciler.run()),
            ("upkeep", self.upkeep.run()),
            ("schedules", self.schedules.run()),
            ("artifacts", self.artifact_upkeep.run()),
        ):
            self._tasks.append(asyncio.create_task(work, name=name))
        _log.info("serving", address=self.address, database=self.repository.url, temporal=self.temporal.address)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.rpc.stop(self.broker.close)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.http is not None:
            await self.http.stop()
        await self.repository.close()
        self.audit.flush()
        _log.info("stopped")

    async def failed(self) -> BaseException:
        """Wait until one of the background tasks fails, which none ever should."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).exception() or RuntimeError("a background task ended")


async def open_store(settings: Settings) -> Repository:
    """Open the database and bring its tables up to date; waits for a Postgres that is away.

    Raises StartupError for what waiting does not mend.
    """
    _make_home(settings.home)
    pause = _FIRST_PAUSE
    while True:
        try:
            return await asyncio.to_thread(open_repository, settings.store_url)
        except StoreUnavailable as error:
            if not settings.store_url.startswith("postgresql"):
                raise StartupError(f"cannot open the database: {error}") from error
            _log.warning("waiting for the database", error=str(error))
        except (StoreError, ValueError) as error:
            raise StartupError(f"cannot open the database: {error}") from error
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _make_home(home: Path) -> None:
    """Home and data directory, for their owner only."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "data").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartupError(f"cannot make the home {home}: {error.strerror}; set STIGMER_HOME") from error
