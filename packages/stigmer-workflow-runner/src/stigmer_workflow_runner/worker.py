"""The worker process: connects to Temporal, waits for its peers, polls until it is told to stop, and drains."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import structlog
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.service import RPCError
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, Worker, WorkflowInterceptorClassInput

from stigmer_api.client import AsyncClient
from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.beside import Beside
from stigmer_workflow_runner.activities.calls import Calls
from stigmer_workflow_runner.activities.child import Children
from stigmer_workflow_runner.activities.events import Events
from stigmer_workflow_runner.activities.fire import Firing
from stigmer_workflow_runner.activities.load import Loading, Pinned, input_of
from stigmer_workflow_runner.activities.sending import Signals
from stigmer_workflow_runner.activities.status import Reporting
from stigmer_workflow_runner.attributes import PHASE, Attributes
from stigmer_workflow_runner.await_events import WorkflowAwaitRun
from stigmer_workflow_runner.blobs import Blobs
from stigmer_workflow_runner.claim_check import collect, with_claim_check
from stigmer_workflow_runner.fire import WorkflowFireRun
from stigmer_workflow_runner.json_text import MAX_CLAIMED, PAYLOAD_LIMIT
from stigmer_workflow_runner.lifecycle import wanted_by
from stigmer_workflow_runner.payloads import DATA_CONVERTER
from stigmer_workflow_runner.settings import Settings
from stigmer_workflow_runner.workflow import BESIDE, LOCAL_LOAD, TELL, WorkflowExecutionRun

_log = structlog.get_logger(__name__)

LONGEST_PAUSE: Final = 5.0
TIDY_SECONDS: Final = 6 * 3600.0
STEPS_AT_ONCE: Final = 12
"""Steps of workflows that are taken from Temporal together. One interpreter lock computes them all, and a step that is
taken has seconds: on a busy machine more would only be given up together, and begun again."""


class _Loading(Loading):
    """Adds the settings that must be the same for a whole run: they are recorded with the definition."""

    def __init__(self, client: AsyncClient, settings: Settings, attributes: Attributes) -> None:
        super().__init__(client)
        self._settings = settings
        self._attributes = attributes

    async def recorded(self, execution: Any, pinned: Pinned) -> dict[str, Json]:
        """See `Loading.recorded`."""
        settings, org = self._settings, execution.metadata.org
        return {
            "max_events": settings.max_history_events,
            "claim_check": settings.claim_check,
            "claim_threshold": settings.claim_check_threshold,
            # Temporal cancels and repeats local activities of runs that it does not keep in memory.
            "local_reports": settings.max_cached_workflows > 0,
            "reports": BESIDE,
            "lifecycle": wanted_by(pinned.head, org),
            "search_attributes": await self._attributes.of(
                execution.metadata.id, org, pinned.head, input_of(execution.spec)
            ),
            "shows_phase": PHASE in await self._attributes.known(),
        }


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Poll until `stop`, reconnecting whenever Temporal goes away; then drain."""
    token = await _token(settings, stop)
    if token is None:
        return
    if settings.claim_check:
        PAYLOAD_LIMIT.set(MAX_CLAIMED)
    async with AsyncClient(settings.server, token) as server:
        calls, reporting = Calls(settings, server), Reporting(server)
        pause = 0.2
        try:
            while not stop.is_set():
                client = await _connect(settings, stop)
                if client is None:
                    return
                await Attributes(client).register()
                tidying = asyncio.create_task(_tidy(client, settings))
                try:
                    await _poll(_worker(client, settings, server, (calls, reporting)), settings, stop)
                except (RPCError, RuntimeError, ConnectionError) as error:
                    _log.warning("the worker stopped; starting it again", error=str(error))
                    await _pause(stop, pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                finally:
                    tidying.cancel()
        finally:
            await reporting.beside.close()
            await calls.close()


class _Telling(Interceptor):
    """Gives workflow code the one function that it may call outside: it takes news and answers nothing."""

    def __init__(self, beside: Beside) -> None:
        self._tell = beside.tell

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> None:  # noqa: A002 - the SDK's name
        """Adds the function."""
        input.unsafe_extern_functions[TELL] = self._tell


def _worker(client: Client, settings: Settings, server: AsyncClient, parts: tuple[Calls, Reporting]) -> Worker:
    calls, reporting = parts
    children, events, firing = Children(server), Events(server), Firing(server)
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[WorkflowExecutionRun, WorkflowFireRun, WorkflowAwaitRun],
        activities=[
            _Loading(server, settings, Attributes(client)).load,
            reporting.report,
            Signals(server).send,
            children.start,
            children.read,
            children.cancel,
            events.publish,
            firing.fire,
            firing.fire_by_events,
            events.read_answer,
            *calls.activities,
        ],
        # A sandbox reads the workflow's modules anew for every run, a third of its cost. Determinism is the business of
        # `tests/test_determinism.py`, which replays under a stricter sandbox than one that may cost nothing could be.
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=[_Telling(reporting.beside)],
        patch_activation_callback=lambda patch: patch.patch_id != LOCAL_LOAD or settings.max_cached_workflows > 0,
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_tasks=STEPS_AT_ONCE,
        max_concurrent_activities=settings.max_concurrent_activities,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=settings.sticky_seconds),
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_seconds),
        max_heartbeat_throttle_interval=timedelta(seconds=2),
    )


async def _poll(worker: Worker, settings: Settings, stop: asyncio.Event) -> None:
    running = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    _log.info("polling", task_queue=settings.task_queue, temporal=settings.temporal, server=settings.server)
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            _log.info("draining", seconds=settings.drain_seconds)
            await worker.shutdown()
        await running
    finally:
        stopping.cancel()


def data_converter(settings: Settings) -> DataConverter:
    """How values become payloads: in their order, and large ones as files."""
    blobs = Blobs(settings.payload_directory, compress=settings.claim_check_compression)
    return with_claim_check(DATA_CONVERTER, blobs, settings.claim_check_threshold, enabled=settings.claim_check)


async def _tidy(client: Client, settings: Settings) -> None:
    """Now and then remove stored payloads that nobody needs any more."""
    blobs = Blobs(settings.payload_directory)
    while True:
        try:
            gone = await collect(client, blobs, settings.claim_check_days * 86_400)
            if gone:
                _log.info("removed stored payloads that no open execution needs", count=gone)
        except (RPCError, OSError) as error:
            _log.warning("stored payloads could not be tidied; the next round tries again", error=str(error))
        await asyncio.sleep(TIDY_SECONDS)


async def _connect(settings: Settings, stop: asyncio.Event) -> Client | None:
    """A client of Temporal, however long it takes; None when told to stop meanwhile."""
    pause, told = 0.1, False
    while not stop.is_set():
        try:
            return await Client.connect(
                settings.temporal, namespace=settings.temporal_namespace, data_converter=data_converter(settings)
            )
        except (RuntimeError, RPCError) as error:
            log = _log.debug if told else _log.warning
            log("waiting for Temporal", address=settings.temporal, error=str(error))
            told = True
            await _pause(stop, pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    return None


async def _token(settings: Settings, stop: asyncio.Event) -> str | None:
    """The token of the API server, however long it takes; None when told to stop meanwhile."""
    told = False
    while not stop.is_set():
        token = settings.token or _read(settings)
        if token:
            return token
        if not told:
            _log.warning("waiting for the token", file=str(settings.token_file))
            told = True
        await _pause(stop, 0.3)
    return None


def _read(settings: Settings) -> str:
    try:
        return settings.token_file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
