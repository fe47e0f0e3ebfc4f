"""What subscribe promises: no gap, the last state always, slow readers cost nothing, a clear end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc.aio
import pytest
from server_testing import (
    WAIT_SECONDS,
    call,
    eventually,
    make_agent,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    report,
    request,
)

from stigmer_api.client import AsyncClient
from stigmer_api.errors import NotFound, Unavailable
from stigmer_api.kinds import kind_by_key
from stigmer_server.executions.phases import record_is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from stigmer_server.app import App

RUNNING = "EXECUTION_IN_PROGRESS"
COMPLETED = "EXECUTION_COMPLETED"
_WEX = kind_by_key("workflow_execution")


@pytest.fixture
async def run(client: AsyncClient) -> Any:
    """A stored workflow execution."""
    workflow = await make_workflow(client)
    return await make_workflow_execution(client, workflow.metadata.id)


def _subscribe(client: AsyncClient, execution: Any) -> Any:
    if execution.kind == "AgentExecution":
        message = request("agent_execution", "subscribe", value=execution.metadata.id)
        return client.stream("agent_execution", "subscribe", message)
    message = request("workflow_execution", "subscribe", execution_id=execution.metadata.id)
    return client.stream("workflow_execution", "subscribe", message)


async def _next(stream: Any) -> Any:
    return await asyncio.wait_for(anext(stream), WAIT_SECONDS)


async def _rest(stream: Any) -> list[Any]:
    async def collect() -> list[Any]:
        return [state async for state in stream]

    return await asyncio.wait_for(collect(), WAIT_SECONDS)


async def test_a_subscriber_sees_the_state_now_then_each_newer_one_and_the_end(client: AsyncClient, run: Any) -> None:
    stream = _subscribe(client, run)
    assert await _next(stream) == run
    started = await report(client, run, 1, phase=RUNNING)
    assert await _next(stream) == started
    ended = await report(client, run, 2, phase=COMPLETED)
    assert await _rest(stream) == [ended]


async def test_both_execution_kinds_can_be_followed(client: AsyncClient) -> None:
    agent = await make_agent(client)
    turn = await make_agent_execution(client, agent.metadata.id)
    stream = _subscribe(client, turn)
    assert await _next(stream) == turn
    await report(client, turn, 1, phase=COMPLETED)
    assert [state.status.phase for state in await _rest(stream)] == [3]


async def test_whoever_comes_after_the_end_gets_the_last_state_and_the_end(client: AsyncClient, run: Any) -> None:
    ended = await report(client, run, 1, phase=COMPLETED)
    assert await _rest(_subscribe(client, run)) == [ended]


@pytest.mark.parametrize("moment", ["before the read", "after the read"])
async def test_a_write_between_registration_and_snapshot_is_told_exactly_once(
    app: App, client: AsyncClient, run: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    read = app.repository.get

    async def racing(kind: str, resource_id: str) -> Any:
        if moment == "before the read":
            await report(client, run, 1, phase=RUNNING)
            return await read(kind, resource_id)
        record = await read(kind, resource_id)
        await report(client, run, 1, phase=RUNNING)
        return record

    monkeypatch.setattr(app.repository, "get", racing)
    phases = []
    async for record in app.broker.follow(_WEX, run.metadata.id, record_is_terminal):
        phases.append(record.fields["phase"])
        monkeypatch.setattr(app.repository, "get", read)
        if phases[-1] == RUNNING:
            await report(client, run, 2, phase=COMPLETED)
    expected = [RUNNING, COMPLETED]
    assert phases == (expected if moment == "before the read" else ["EXECUTION_PENDING", *expected])


async def test_a_reader_that_falls_behind_skips_to_the_newest_state(app: App, client: AsyncClient, run: Any) -> None:
    stream = app.broker.follow(_WEX, run.metadata.id, record_is_terminal)
    first = await anext(stream)
    for sequence in range(1, 51):
        await report(client, run, sequence, phase=RUNNING, error=f"step {sequence}")
    second = await anext(stream)
    assert second.revision - first.revision == 50
    await report(client, run, 51, phase=RUNNING)
    await report(client, run, 52, phase=COMPLETED)
    last = await anext(stream)
    assert record_is_terminal(last)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert app.broker.subscriber_count == 0


async def test_a_stalled_reader_holds_up_neither_writers_nor_readers_and_still_gets_the_end(
    app: App, client: AsyncClient, run: Any
) -> None:
    options = [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.max_frame_size", 16384)]
    body = request("workflow_execution", "subscribe", execution_id=run.metadata.id).SerializeToString()
    path = "/ai.stigmer.agentic.workflowexecution.v1.WorkflowExecutionQueryController/subscribe"
    async with grpc.aio.insecure_channel(app.address, options=options) as channel:
        stalled: Any = channel.unary_stream(path)(body, metadata=[("authorization", f"Bearer {app.token}")])
        await asyncio.wait_for(stalled.read(), WAIT_SECONDS)
        other = _subscribe(client, run)
        await _next(other)
        filler = "x" * 200_000
        for sequence in range(1, 41):
            await report(client, run, sequence, phase=RUNNING, error=f"{sequence} {filler}")
        ended = await report(client, run, 41, phase=COMPLETED, error="done")
        assert (await _rest(other))[-1] == ended
        states = 0
        last = b""
        while True:
            state = await asyncio.wait_for(stalled.read(), WAIT_SECONDS)
            if state is grpc.aio.EOF:
                break
            last = state
            states += 1
        assert last == ended.SerializeToString(deterministic=True)
        assert states < 41, "coalesced"


async def test_a_deletion_ends_the_stream_with_not_found(app: App, client: AsyncClient, run: Any) -> None:
    stream = app.broker.follow(_WEX, run.metadata.id, lambda _record: False)
    await anext(stream)
    await call(client, "workflow_execution", "terminate", id=run.metadata.id)
    await call(client, "workflow_execution", "delete", value=run.metadata.id)
    last = await anext(stream)
    assert record_is_terminal(last), "the last state is told before the deletion"
    with pytest.raises(NotFound) as ended:
        await anext(stream)
    assert ended.value.reason == "RESOURCE_DELETED"


async def test_readers_that_come_and_go_among_writers_see_growing_revisions_and_the_end(
    app: App, client: AsyncClient
) -> None:
    workflow = await make_workflow(client)
    runs = [await make_workflow_execution(client, workflow.metadata.id) for _ in range(4)]

    async def write(run: Any) -> None:
        for sequence in range(1, 30):
            await report(client, run, sequence, phase=RUNNING, tasks=[{"task_id": str(sequence), "status": 2}])
        await report(client, run, 30, phase=COMPLETED)

    async def read(run: Any, delay: int) -> None:
        for _ in range(delay):
            await asyncio.sleep(0)
        revisions, tasks = [], []
        async for state in _subscribe(client, run):
            revisions.append(state.metadata.revision)
            tasks.append(len(state.status.tasks))
        assert revisions == sorted(set(revisions))
        assert tasks == sorted(tasks)
        assert (tasks[-1], state.status.phase) == (29, 3)

    readers = [read(run, delay) for run in runs for delay in range(0, 1000, 100)]
    await asyncio.wait_for(asyncio.gather(*map(write, runs), *readers), WAIT_SECONDS)
    assert app.broker.subscriber_count == 0


async def test_an_unknown_execution_is_not_found(client: AsyncClient) -> None:
    message = request("workflow_execution", "subscribe", execution_id="wex-none")
    with pytest.raises(NotFound):
        await _next(client.stream("workflow_execution", "subscribe", message))


async def test_a_stop_ends_every_stream_with_the_revision_to_go_on_from(serving: Callable[..., Any]) -> None:
    async with serving() as app, AsyncClient(app.address, app.token) as client:
        workflow = await make_workflow(client)
        run = await make_workflow_execution(client, workflow.metadata.id)
        streams = [_subscribe(client, run) for _ in range(20)]
        for stream in streams:
            await _next(stream)
        stopping = asyncio.create_task(app.rpc.stop(app.broker.close))
        for stream in streams:
            with pytest.raises(Unavailable) as ended:
                await _next(stream)
            assert ended.value.reason == "SERVER_STOPPING"
            assert ended.value.metadata["revision"] == str(run.metadata.revision)
        await asyncio.wait_for(stopping, WAIT_SECONDS)


async def test_a_reader_that_goes_away_leaves_nothing_behind(app: App, client: AsyncClient, run: Any) -> None:
    stream = _subscribe(client, run)
    await _next(stream)
    assert app.broker.subscriber_count == 1
    await stream.aclose()

    async def gone() -> bool:
        return app.broker.subscriber_count == 0

    await eventually(gone, "the subscription is removed")


async def test_all_subscribers_get_the_very_bytes_that_are_stored(app: App, client: AsyncClient, run: Any) -> None:
    one = app.broker.follow(_WEX, run.metadata.id, record_is_terminal)
    two = app.broker.follow(_WEX, run.metadata.id, record_is_terminal)
    await anext(one)
    await anext(two)
    await report(client, run, 1, phase=COMPLETED)
    assert (await anext(one)).body is (await anext(two)).body
    await one.aclose()
    await two.aclose()


async def test_events_are_followed_without_loss_until_the_end(client: AsyncClient, run: Any) -> None:
    def event(number: int) -> dict[str, str]:
        return {"event_id": f"e{number}", "event_type": "task_started", "occurred_at": "2026-01-01T00:00:00Z"}

    await report(client, run, 1, phase=RUNNING, events=[event(1), event(2)])
    message = request("workflow_execution", "subscribeEvents", execution_id=run.metadata.id, after_sequence=1)
    stream = client.stream("workflow_execution", "subscribeEvents", message)
    assert (await _next(stream)).event_id == "e2"
    for number in range(3, 30):
        await report(client, run, number, events=[event(number)])
    await report(client, run, 30, phase=COMPLETED, events=[event(30)])
    rest = await _rest(stream)
    assert [item.sequence_number for item in rest] == list(range(3, 31))
