"""The composition root: waits for its peers, then polls Temporal until it is asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from stigmer_agent_runner.activities import Activities
from stigmer_agent_runner.catalog import quarantine_by
from stigmer_agent_runner.checkpoints.opening import session_store
from stigmer_agent_runner.contracts import TIMING
from stigmer_agent_runner.engine.providers import PROVIDERS
from stigmer_agent_runner.engine.registry import Engines
from stigmer_agent_runner.errors import CheckpointsAway
from stigmer_agent_runner.mcp.connection import Limits
from stigmer_agent_runner.mcp.discovery import DiscoveryActivities, McpConnectWorkflow
from stigmer_agent_runner.mcp.pool import McpPool
from stigmer_agent_runner.mcp.source import McpSource
from stigmer_agent_runner.redaction import ACTIVE
from stigmer_agent_runner.safety import own_secrets
from stigmer_agent_runner.schedule import ScheduleActivities, ScheduleFireWorkflow
from stigmer_agent_runner.segment import SegmentRunner
from stigmer_agent_runner.server import GrpcServer
from stigmer_agent_runner.status.clock import SystemClock
from stigmer_agent_runner.temporal_exit import REDACTING
from stigmer_agent_runner.tools.attachments import FileExchange
from stigmer_agent_runner.tools.shell import EXECUTE, ShellSource
from stigmer_agent_runner.workflow import AgentExecutionWorkflow
from stigmer_api.client import AsyncClient
from stigmer_api.temporal import AGENT_EXECUTION_QUEUE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import TypeVar

    from stigmer_agent_runner.settings import Settings
    from stigmer_agent_runner.tools.tool import ToolSource

    T = TypeVar("T")

_log = structlog.get_logger(__name__)

_BACKOFF = (0.2, 5.0)
_THROTTLE = timedelta(seconds=1)
"""Longest that the SDK holds a heartbeat back. Heartbeats bring cancellations, so this is the delay of a cancel."""

_STICKY = timedelta(seconds=2)
"""How long Temporal waits for the runner that has a workflow in memory before it asks another: the price of a crash."""


async def run(settings: Settings, stop: asyncio.Event, more_tools: Sequence[ToolSource] = ()) -> None:
    """Run until `stop` is set; then give running segments their drain time and return.

    more_tools: sources of tools beside the runner's own, for programs that embed it.
    """
    token = await _until(stop, lambda: _token(settings), "token")
    client = await _until(stop, lambda: _connect(settings), f"Temporal at {settings.temporal_target}")
    if token is None or client is None:
        return
    ACTIVE.hold(own_secrets(settings))
    if await _until(stop, session_store(settings).ready, "the database of the checkpoints") is None:
        return
    TIMING.heartbeat = settings.heartbeat_seconds
    engines = Engines(settings)
    pool = McpPool(_limits(settings))
    async with AsyncClient(settings.server_target, token) as server:
        warming = asyncio.create_task(_warm(engines, settings))
        try:
            await _poll(_worker(client, server, engines, settings, pool, more_tools), stop)
        finally:
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)
            await pool.close()


def _worker(
    client: Client,
    api: AsyncClient,
    engines: Engines,
    settings: Settings,
    pool: McpPool,
    more_tools: Sequence[ToolSource],
) -> Worker:
    clock, server = SystemClock(), GrpcServer(api)
    sources: list[ToolSource] = [
        FileExchange(server),
        ShellSource(settings),
        McpSource(pool, quarantine_by(server), (EXECUTE,)),
        *more_tools,
    ]
    activities = Activities(SegmentRunner(server, engines, settings, clock, sources), server, settings, clock)
    discovery = DiscoveryActivities(api, server, _limits(settings))
    return Worker(
        client,
        task_queue=AGENT_EXECUTION_QUEUE,
        workflows=[AgentExecutionWorkflow, ScheduleFireWorkflow, McpConnectWorkflow],
        activities=[
            activities.run_segment,
            activities.settle,
            activities.report_paused,
            ScheduleActivities(api).fire,
            discovery.discover,
            discovery.give_up,
        ],
        max_concurrent_activities=settings.max_concurrency,
        max_heartbeat_throttle_interval=_THROTTLE,
        default_heartbeat_throttle_interval=_THROTTLE,
        sticky_queue_schedule_to_start_timeout=_STICKY,
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_seconds),
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.mcp_start_seconds,
        settings.mcp_call_seconds,
        settings.mcp_idle_seconds,
        settings.sandbox,
        settings.home,
    )


async def _poll(worker: Worker, stop: asyncio.Event) -> None:
    polling = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    _log.info("polling", task_queue=AGENT_EXECUTION_QUEUE)
    await asyncio.wait({polling, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not polling.done():
        _log.info("draining")
        await worker.shutdown()
    stopping.cancel()
    await polling


async def _token(settings: Settings) -> str:
    given = settings.token.get_secret_value()
    return given or (settings.home / "token").read_text(encoding="ascii").strip() or _missing()


def _missing() -> str:
    raise FileNotFoundError("the token file is empty")


async def _connect(settings: Settings) -> Client:
    identity = f"stigmer-agent-runner@{os.getpid()}"
    client = await Client.connect(
        settings.temporal_target,
        namespace=settings.temporal_namespace,
        identity=identity,
        data_converter=REDACTING,
    )
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=settings.temporal_namespace))
    return client


async def _until(stop: asyncio.Event, attempt: Callable[[], Awaitable[T]], what: str) -> T | None:
    """Return the result of `attempt` once it succeeds, or None when asked to stop first."""
    seconds, longest = _BACKOFF
    while not stop.is_set():
        try:
            return await attempt()
        except (OSError, RuntimeError, RPCError, UnicodeDecodeError, CheckpointsAway) as error:
            _log.info("waiting", what=what, error=str(error), retry_seconds=seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
        seconds = min(seconds * 2, longest)
    return None


async def _warm(engines: Engines, settings: Settings) -> None:
    """Load the engine of the default provider before the first execution needs it."""

    if settings.llm_provider:
        await asyncio.to_thread(engines.get, PROVIDERS[settings.llm_provider].engine)
