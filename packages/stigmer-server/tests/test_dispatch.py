"""The outbox on a real Temporal: started once, started late, parents told, lost ones settled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import (
    WAIT_SECONDS,
    call,
    empty,
    eventually,
    make_agent,
    make_workflow,
    make_workflow_execution,
    report,
    resource,
)
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from stigmer_api.client import AsyncClient
from stigmer_api.temporal import (
    CHILD_FINISHED,
    WORKFLOW_EXECUTION,
    WORKFLOW_EXECUTION_QUEUE,
    ChildFinished,
    ExecutionInput,
    encode_callback,
    temporal_workflow_id,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from stigmer_server.app import App

SERVER = "stigmer.runtime.v1.ServerService"
RUNNING = "EXECUTION_IN_PROGRESS"
COMPLETED = "EXECUTION_COMPLETED"


@activity.defn
async def nothing() -> None:
    """There to make the worker poll for activities."""


@workflow.defn(name=WORKFLOW_EXECUTION)
class Waiting:
    """Stands for a runner's workflow: waits until it is told to end, and counts what its children say."""

    def __init__(self) -> None:
        self.finished: list[str] = []
        self.verdict = ""

    @workflow.run
    async def run(self, _execution: ExecutionInput) -> str:
        await workflow.wait_condition(lambda: bool(self.verdict))
        if self.verdict == "fail":
            from temporalio.exceptions import ApplicationError

            raise ApplicationError("the tank is empty", non_retryable=True)
        return self.verdict

    @workflow.signal(name=CHILD_FINISHED)
    def child_finished(self, child: ChildFinished) -> None:
        """What the server sends."""
        self.finished.append(child.execution_id)

    @workflow.signal
    def end(self, verdict: str) -> None:
        """End the run."""
        self.verdict = verdict

    @workflow.query
    def told(self) -> list[str]:
        """Children that have finished."""
        return self.finished


@pytest.fixture
async def server(temporal: Any, serving: Callable[..., Any]) -> AsyncIterator[App]:
    """A server next to the running Temporal, that compares with it often."""
    await temporal.ready()
    async with serving(temporal_address=temporal.address, reconcile_seconds=0.2) as app:
        yield app


@pytest.fixture
async def api(server: App) -> AsyncIterator[AsyncClient]:
    """A client of that server."""
    async with AsyncClient(server.address, server.token) as client:
        yield client


@pytest.fixture
async def worker(temporal: Any) -> AsyncIterator[Client]:
    """A worker on the runner's queue; gives the Temporal client."""
    await temporal.ready()
    client = await Client.connect(temporal.address)
    async with Worker(
        client,
        task_queue=WORKFLOW_EXECUTION_QUEUE,
        workflows=[Waiting],
        activities=[nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield client


async def _started(client: AsyncClient, execution: Any) -> Any:
    async def probe() -> Any:
        found = await call(client, "workflow_execution", "get", value=execution.metadata.id)
        return found if found.status.temporal_workflow_id else None

    return await eventually(probe, "the execution is started")


async def _in_phase(client: AsyncClient, execution: Any, phase: int) -> Any:
    async def probe() -> Any:
        found = await call(client, "workflow_execution", "get", value=execution.metadata.id)
        return found if found.status.phase == phase else None

    return await eventually(probe, f"the execution is in phase {phase}")


async def _outbox_is_empty(app: App) -> None:
    from datetime import UTC, datetime, timedelta

    async def probe() -> bool:
        return not await app.repository.due_outbox(10, datetime.now(UTC) + timedelta(days=1))

    await eventually(probe, "the outbox is empty")


async def test_a_created_execution_is_started_with_its_id_as_only_input(
    server: App, api: AsyncClient, worker: Client
) -> None:
    flow = await make_workflow(api)
    run = await _started(api, await make_workflow_execution(api, flow.metadata.id))
    assert run.status.temporal_workflow_id == temporal_workflow_id(WORKFLOW_EXECUTION, run.metadata.id)
    description = await worker.get_workflow_handle(run.status.temporal_workflow_id).describe()
    assert (description.workflow_type, description.task_queue) == (WORKFLOW_EXECUTION, WORKFLOW_EXECUTION_QUEUE)
    await _outbox_is_empty(server)


async def test_a_start_delivered_again_after_a_crash_starts_nothing_new(
    server: App, api: AsyncClient, worker: Client
) -> None:
    flow = await make_workflow(api)
    run = await _started(api, await make_workflow_execution(api, flow.metadata.id))
    before = (await worker.get_workflow_handle(run.status.temporal_workflow_id).describe()).run_id
    from stigmer_api.kinds import kind_by_key
    from stigmer_server.executions.outbox import enqueue_start

    kind = kind_by_key("workflow_execution")
    await server.controller.run(lambda unit: enqueue_start(unit, kind, run))
    await _outbox_is_empty(server)
    assert (await worker.get_workflow_handle(run.status.temporal_workflow_id).describe()).run_id == before


async def test_with_temporal_away_an_execution_waits_and_starts_when_it_is_back(
    late_temporal: Any, serving: Callable[..., Any]
) -> None:
    async with (
        serving(temporal_address=late_temporal.address) as app,
        AsyncClient(app.address, app.token) as client,
    ):
        flow = await make_workflow(client)
        run = await make_workflow_execution(client, flow.metadata.id)
        found = await call(client, "workflow_execution", "get", value=run.metadata.id)
        assert (found.status.phase, found.status.temporal_workflow_id) == (1, "")
        late_temporal.start()
        await late_temporal.ready()
        started = await _started(client, run)
        temporal_client = await Client.connect(late_temporal.address)
        await temporal_client.get_workflow_handle(started.status.temporal_workflow_id).describe()


async def test_a_temporal_that_lost_its_database_settles_the_old_execution_and_starts_the_new_one(
    late_temporal: Any, serving: Callable[..., Any]
) -> None:
    late_temporal.start()
    await late_temporal.ready()
    async with (
        serving(temporal_address=late_temporal.address, reconcile_seconds=0.2) as app,
        AsyncClient(app.address, app.token) as client,
    ):
        flow = await make_workflow(client)
        lost = await _started(client, await make_workflow_execution(client, flow.metadata.id))
        late_temporal.stop()
        fresh = await make_workflow_execution(client, flow.metadata.id)
        info = await client.call(SERVER, "GetInfo", empty("stigmer.runtime.v1.GetInfoRequest"))
        assert not info.temporal.reachable
        late_temporal.start()
        await late_temporal.ready()
        assert "no longer knows it" in (await _in_phase(client, lost, 4)).status.error
        assert (await _started(client, fresh)).status.phase == 1


async def test_an_execution_left_in_the_outbox_is_started_by_the_next_server(
    temporal: Any, serving: Callable[..., Any]
) -> None:
    await temporal.ready()
    async with serving() as app, AsyncClient(app.address, app.token) as client:
        flow = await make_workflow(client)
        run = await make_workflow_execution(client, flow.metadata.id)
    async with (
        serving(temporal_address=temporal.address) as app,
        AsyncClient(app.address, app.token) as client,
    ):
        assert (await _started(client, run)).status.temporal_workflow_id


async def test_the_end_of_a_child_is_signalled_to_the_waiting_parent_once(
    server: App, api: AsyncClient, worker: Client
) -> None:
    flow = await make_workflow(api)
    parent = await _started(api, await make_workflow_execution(api, flow.metadata.id))
    agent = await make_agent(api)
    message = resource("agent_execution", "child", {"agent_id": agent.metadata.id, "message": "hello"})
    message.spec.callback_token = encode_callback(parent.status.temporal_workflow_id)
    child = await api.call("agent_execution", "create", message)
    await report(api, child, 1, phase=RUNNING)
    await report(api, child, 2, phase=COMPLETED)
    await report(api, child, 2, phase=COMPLETED)
    handle = worker.get_workflow_handle(parent.status.temporal_workflow_id)

    async def told() -> list[str]:
        return await handle.query(Waiting.told)

    assert await eventually(told, "the parent is told") == [child.metadata.id]
    assert await server.temporal.tell_parent(handle.id, child.metadata.id, "the same row")
    assert await server.temporal.tell_parent(handle.id, child.metadata.id, "the same row")
    assert await told() == [child.metadata.id] * 2, "a repeated row is dropped"


async def test_word_for_a_parent_that_is_gone_is_done(server: App, api: AsyncClient, worker: Client) -> None:
    assert worker is not None
    agent = await make_agent(api)
    for token in (encode_callback("no-such-workflow"), b"not ours"):
        message = resource("agent_execution", "child", {"agent_id": agent.metadata.id, "message": "hello"})
        message.spec.callback_token = token
        child = await api.call("agent_execution", "create", message)
        await report(api, child, 1, phase=COMPLETED)
    await _outbox_is_empty(server)


@pytest.mark.parametrize(
    ("ending", "phase", "words"),
    [
        ("fail", 4, "the tank is empty"),
        ("silent", 4, "without reporting a result"),
        ("terminate", 6, "terminated on Temporal"),
    ],
)
async def test_an_execution_whose_workflow_ended_without_a_word_is_settled_with_a_reason(
    api: AsyncClient, worker: Client, ending: str, phase: int, words: str
) -> None:
    flow = await make_workflow(api)
    run = await _started(api, await make_workflow_execution(api, flow.metadata.id))
    handle = worker.get_workflow_handle(run.status.temporal_workflow_id)
    if ending == "terminate":
        await handle.terminate()
    else:
        await handle.signal(Waiting.end, ending)
    settled = await _in_phase(api, run, phase)
    assert words in settled.status.error
    assert settled.status.completed_at


async def test_cancel_reaches_the_workflow_and_the_execution_ends_cancelled(api: AsyncClient, worker: Client) -> None:
    assert worker is not None
    flow = await make_workflow(api)
    run = await _started(api, await make_workflow_execution(api, flow.metadata.id))
    await call(api, "workflow_execution", "cancel", id=run.metadata.id)
    await call(api, "workflow_execution", "cancel", id=run.metadata.id)
    cancelled = await _in_phase(api, run, 5)
    assert await call(api, "workflow_execution", "cancel", id=run.metadata.id) == cancelled


async def test_terminate_ends_the_workflow_too(api: AsyncClient, worker: Client) -> None:
    flow = await make_workflow(api)
    run = await _started(api, await make_workflow_execution(api, flow.metadata.id))
    await call(api, "workflow_execution", "terminate", id=run.metadata.id, reason="enough")
    handle = worker.get_workflow_handle(run.status.temporal_workflow_id)

    async def status() -> bool:
        found = (await handle.describe()).status
        return found is not None and found.name == "TERMINATED"

    await eventually(status, "the workflow is terminated")


async def test_get_info_counts_the_workers_that_poll(api: AsyncClient, worker: Client) -> None:
    assert worker is not None

    async def polled() -> Any:
        info = await api.call(SERVER, "GetInfo", empty("stigmer.runtime.v1.GetInfoRequest"))
        queues = {queue.name: queue.pollers for queue in info.task_queues}
        return info if queues[WORKFLOW_EXECUTION_QUEUE] else None

    info = await eventually(polled, "a worker polls")
    assert info.temporal.reachable
    assert info.temporal.server_version
    assert info.temporal.error == ""


async def test_many_executions_are_all_started(server: App, api: AsyncClient, worker: Client) -> None:
    assert worker is not None
    flow = await make_workflow(api)
    async with asyncio.timeout(WAIT_SECONDS):
        runs = await asyncio.gather(*(make_workflow_execution(api, flow.metadata.id) for _ in range(50)))
    for run in runs:
        await _started(api, run)
    await _outbox_is_empty(server)
