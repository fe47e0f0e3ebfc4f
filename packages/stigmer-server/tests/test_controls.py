"""Pause, resume, recover, approvals and signals: idempotent, judged by phase, delivered however late Temporal is."""

from __future__ import annotations

import subprocess
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import (
    call,
    eventually,
    make_agent,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    report,
)
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from stigmer_api.client import AsyncClient
from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound
from stigmer_api.temporal import (
    SET_PAUSED,
    WORKFLOW_EXECUTION,
    WORKFLOW_EXECUTION_QUEUE,
    ExecutionInput,
    PauseState,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from stigmer_server.app import App

RUNNING, PAUSED = "EXECUTION_IN_PROGRESS", "EXECUTION_PAUSED"
COMPLETED, FAILED = "EXECUTION_COMPLETED", "EXECUTION_FAILED"
KINDS = ("agent_execution", "workflow_execution")


async def _execution(client: AsyncClient, kind: str) -> Any:
    if kind == "agent_execution":
        return await make_agent_execution(client, (await make_agent(client)).metadata.id)
    return await make_workflow_execution(client, (await make_workflow(client)).metadata.id)


async def _topics(app: App) -> list[str]:
    items = await app.repository.due_outbox(100, datetime.now(UTC) + timedelta(days=1))
    return [item.topic for item in sorted(items, key=lambda item: item.id)]


@pytest.mark.parametrize("kind", KINDS)
async def test_pause_and_resume_are_recorded_once_however_often_they_are_asked(
    app: App, client: AsyncClient, kind: str
) -> None:
    run = await _execution(client, kind)
    await report(client, run, 1, phase=RUNNING)
    assert (await call(client, kind, "resume", id=run.metadata.id)).status.pause_requested is False
    paused = await call(client, kind, "pause", id=run.metadata.id, reason="lunch")
    assert paused.status.pause_requested
    assert await call(client, kind, "pause", id=run.metadata.id) == paused
    await report(client, run, 2, phase=PAUSED)
    resumed = await call(client, kind, "resume", id=run.metadata.id)
    assert not resumed.status.pause_requested
    assert await call(client, kind, "resume", id=run.metadata.id) == resumed
    assert await _topics(app) == ["start-execution", "signal-execution", "signal-execution"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "terminate"])
async def test_what_has_ended_takes_no_controls_and_says_what_is_possible(
    client: AsyncClient, kind: str, verb: str
) -> None:
    run = await _execution(client, kind)
    await report(client, run, 1, phase=FAILED, error="no")
    with pytest.raises(FailedPrecondition, match="Possible now: recover, delete") as refused:
        await call(client, kind, verb, id=run.metadata.id)
    assert refused.value.metadata["possible"] == "recover,delete"
    with pytest.raises(NotFound):
        await call(client, kind, verb, id="wex-gone")


@pytest.mark.parametrize("kind", KINDS)
async def test_recover_makes_a_failed_execution_pending_again_once(app: App, client: AsyncClient, kind: str) -> None:
    run = await _execution(client, kind)
    with pytest.raises(FailedPrecondition, match="is pending"):
        await call(client, kind, "recover", id=run.metadata.id)
    await call(client, kind, "pause", id=run.metadata.id)
    await report(client, run, 7, phase=FAILED, error="no", started_at="2026-01-01T00:00:00Z")
    recovered = await call(client, kind, "recover", id=run.metadata.id)
    status = recovered.status
    assert (status.phase, status.error, status.completed_at, status.recoveries) == (1, "", "", 1)
    assert not status.pause_requested
    assert await call(client, kind, "recover", id=run.metadata.id) == recovered
    assert (await _topics(app)).count("recover-execution") == 1
    await report(client, run, 8, phase=COMPLETED)
    found = await call(client, kind, "get", value=run.metadata.id)
    assert found.status.phase == 1, "a late report of the run that failed is old"
    await report(client, run, status.sequence + 1, phase=COMPLETED)
    with pytest.raises(FailedPrecondition, match="it is completed"):
        await call(client, kind, "recover", id=run.metadata.id)


async def test_an_agent_runner_is_told_to_hold_as_long_as_a_pause_is_wanted(client: AsyncClient) -> None:
    run = await _execution(client, "agent_execution")
    assert (await report(client, run, 1, phase=RUNNING)).signal == 0
    await call(client, "agent_execution", "pause", id=run.metadata.id)
    assert (await report(client, run, 2, phase=RUNNING)).signal == 1000
    await call(client, "agent_execution", "resume", id=run.metadata.id)
    assert (await report(client, run, 3, phase=RUNNING)).signal == 0


async def test_pending_approvals_are_listed_by_page_and_only_while_they_are_pending(client: AsyncClient) -> None:
    flow = await make_workflow(client)
    runs = [await make_workflow_execution(client, flow.metadata.id) for _ in range(3)]
    for number, run in enumerate(runs):
        approvals = [
            {"approval": {"tool_call_id": f"t{n}", "tool_name": f"tool-{number}{n}", "requested_at": at}}
            for n, at in enumerate(("2026-01-01T00:00:00Z", "soon"))
        ]
        await report(client, run, 1, phase=RUNNING, pending_approvals=approvals)
    listed = await call(client, "workflow_execution", "listPendingApprovals", org="local", page_size=4)
    assert (len(listed.entries), listed.total_count) == (4, 6)
    assert (listed.entries[0].workflow_name, listed.entries[0].requested_at.seconds) == ("hello", 1767225600)
    rest = await call(
        client, "workflow_execution", "listPendingApprovals", org="local", page_token=listed.next_page_token
    )
    names = [entry.task_name for entry in (*listed.entries, *rest.entries)]
    assert names == ["tool-00", "tool-01", "tool-10", "tool-11", "tool-20", "tool-21"]
    await report(client, runs[0], 2, phase=COMPLETED)
    listed = await call(client, "workflow_execution", "listPendingApprovals", org="local")
    assert listed.total_count == 4
    assert (await call(client, "workflow_execution", "listPendingApprovals", org="other")).total_count == 0
    with pytest.raises(InvalidArgument):
        await call(client, "workflow_execution", "listPendingApprovals", org="local", page_token="%")


# -- on a real Temporal


@workflow.defn(name=WORKFLOW_EXECUTION)
class Held:
    """Stands for a runner's workflow: keeps what it is told, and ends when told so."""

    def __init__(self) -> None:
        self.states: list[PauseState] = []
        self.ended = False

    @workflow.run
    async def run(self, _execution: ExecutionInput) -> None:
        await workflow.wait_condition(lambda: self.ended)

    @workflow.signal(name=SET_PAUSED)
    def set_paused(self, state: PauseState) -> None:
        """What the server sends."""
        self.states.append(state)

    @workflow.signal
    def end(self) -> None:
        """End the run."""
        self.ended = True

    @workflow.query
    def told(self) -> list[bool]:
        """Whether to hold, each time it was told."""
        return [state.paused for state in self.states]


@asynccontextmanager
async def _worker(address: str) -> AsyncIterator[Client]:
    client = await Client.connect(address)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=WORKFLOW_EXECUTION_QUEUE, workflows=[Held], workflow_runner=runner):
        yield client


async def _started(client: AsyncClient, run: Any) -> Any:
    async def probe() -> Any:
        found = await call(client, "workflow_execution", "get", value=run.metadata.id)
        return found if found.status.temporal_workflow_id else None

    return await eventually(probe, "the execution is started")


@pytest.fixture
def lasting_temporal(late_temporal: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Temporal that keeps its database when it is stopped."""
    popen = subprocess.Popen

    def with_file(command: list[str], **options: Any) -> Any:
        return popen([*command, "--db-filename", str(tmp_path / "temporal.db")], **options)

    monkeypatch.setattr(subprocess, "Popen", with_file)
    late_temporal.start()
    return late_temporal


async def test_controls_asked_while_temporal_is_away_are_delivered_in_order_when_it_is_back(
    lasting_temporal: Any, serving: Callable[..., Any]
) -> None:
    temporal = lasting_temporal
    await temporal.ready()
    async with serving(temporal_address=temporal.address) as app, AsyncClient(app.address, app.token) as client:
        flow = await make_workflow(client)
        held, cancelled = [
            await _started(client, await make_workflow_execution(client, flow.metadata.id)) for _ in range(2)
        ]
        temporal.stop()
        kind = "workflow_execution"
        for verb in ("pause", "resume", "pause"):
            await call(client, kind, verb, id=held.metadata.id)
        await call(client, kind, "cancel", id=cancelled.metadata.id)
        late = await make_workflow_execution(client, flow.metadata.id)
        await call(client, kind, "pause", id=late.metadata.id)
        temporal.start()
        await temporal.ready()
        await _started(client, late)
        async with _worker(temporal.address) as worker:
            for run, expected in ((held, [True, False, True]), (late, [True])):
                handle = worker.get_workflow_handle(f"{WORKFLOW_EXECUTION}/{run.metadata.id}")

                async def told(handle: Any = handle, expected: list[bool] = expected) -> bool:
                    answer: list[bool] = await handle.query(Held.told)
                    return answer == expected

                await eventually(told, "the run is told")
            handle = worker.get_workflow_handle(f"{WORKFLOW_EXECUTION}/{cancelled.metadata.id}")

            async def is_cancelled() -> bool:
                status = (await handle.describe()).status
                return status is not None and status.name == "CANCELED"

            await eventually(is_cancelled, "the cancellation arrives")


async def test_a_recovered_execution_gets_a_run_of_its_own_once(temporal: Any, serving: Callable[..., Any]) -> None:
    await temporal.ready()
    kind = "workflow_execution"
    async with (
        serving(temporal_address=temporal.address, reconcile_seconds=0.1) as app,
        AsyncClient(app.address, app.token) as client,
        _worker(temporal.address) as worker,
    ):
        flow = await make_workflow(client)
        run = await _started(client, await make_workflow_execution(client, flow.metadata.id))
        handle = worker.get_workflow_handle(run.status.temporal_workflow_id)
        first = (await handle.describe()).run_id
        await report(client, run, 1, phase=FAILED, error="no")  # its run is still open, as a runner's is for a moment
        recovered = await call(client, kind, "recover", id=run.metadata.id)
        await handle.signal(Held.end)
        await _started(client, recovered)
        second = (await handle.describe()).run_id
        assert second != first
        from stigmer_api.kinds import kind_by_key
        from stigmer_server.executions.outbox import enqueue_recover

        await app.controller.run(lambda unit: enqueue_recover(unit, kind_by_key(kind), recovered))  # delivered again

        async def delivered() -> bool:
            return not await app.repository.due_outbox(10, datetime.now(UTC) + timedelta(days=1))

        await eventually(delivered, "the outbox is empty")
        assert (await handle.describe()).run_id == second
        await call(client, kind, "terminate", id=run.metadata.id)
        again = await call(client, kind, "recover", id=run.metadata.id)
        assert again.status.recoveries == 2
        await _started(client, again)
        third = await handle.describe()
        assert third.run_id not in {first, second}
        found = await call(client, kind, "get", value=run.metadata.id)
        assert found.status.phase == 1, "the reconciler takes no earlier run for this one"
