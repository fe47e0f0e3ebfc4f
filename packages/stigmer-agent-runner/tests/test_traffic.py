"""What an execution costs on the wire and in Temporal's history: sizes that depend on nothing but what was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from stigmer_agent_runner.engine.protocol import (
    Event,
    MessageDone,
    MessageStarted,
    SubAgentEvent,
    SubAgentStarted,
    ToolDone,
    ToolRequested,
    ToolStarted,
)
from stigmer_agent_runner.status.reducer import StatusReducer
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

if TYPE_CHECKING:
    from agent_runner_testing.api import ApiServer
    from agent_runner_testing.stack import Stack

CALLS, RESULT = 60, "0123456789" * 1024
MOST_STATUS, MOST_HISTORY = 3 * 1024 * 1024, 100 * 1024
AT = "2026-01-01T00:00:00.000Z"


def batches(size: int) -> Iterator[Event]:
    """Sixty calls in turns of so many at once, whose results come one by one."""
    for turn in range(CALLS // size):
        ids = [f"call-{turn}-{at}" for at in range(size)]
        yield MessageStarted(turn, "m")
        yield MessageDone(turn, "I look.")
        yield from (ToolRequested(turn, at, name, "look", {"at": at}) for at, name in enumerate(ids))
        yield from (ToolStarted(name) for name in ids)
        yield from (ToolDone(name, RESULT) for name in ids)


def in_a_sub_agent(size: int) -> Iterator[Event]:
    """The same in a sub-agent."""
    yield MessageStarted(0, "m")
    yield MessageDone(0, "")
    yield ToolRequested(0, 0, "task", "task", {})
    yield ToolStarted("task")
    yield SubAgentStarted("task", "helper", "look", "look")
    yield from (SubAgentEvent("task", event) for event in batches(size))
    yield ToolDone("task", "looked")


@pytest.mark.parametrize("size", [1, 4, 10, CALLS])
@pytest.mark.parametrize("run", [batches, in_a_sub_agent])
def test_sixty_calls_cost_less_than_3_mb_though_every_change_is_reported_alone(
    run: Callable[[int], Iterator[Event]], size: int
) -> None:
    reducer = StatusReducer(status_pb2.AgentExecutionStatus())
    reducer.begin("go", AT)
    sent = 0
    for event in run(size):
        reducer.apply(event, AT)
        sent += reducer.take().ByteSize() if reducer.dirty else 0
    reducer.finish(enum_pb2.EXECUTION_COMPLETED, AT)
    sent += reducer.take().ByteSize()

    assert CALLS * len(RESULT) < sent < MOST_STATUS


async def test_sixty_calls_of_a_run_cost_less_than_3_mb_and_a_history_below_100_kb(
    stack: Stack, api: ApiServer
) -> None:
    read = "{tool: read_file, args: {path: ten.txt}}"
    turns = [f"      - call: [{', '.join([read] * 10)}]" for _ in range(CALLS // 10)]
    session = api.add_session(
        api.add_agent(
            model="scripted", script="\n".join(["version: 1", "cases:", "  - turns:", *turns, "      - say: x"])
        )
    )
    workspace = stack.home / "data" / "sessions" / session / "workspace"
    workspace.mkdir(parents=True)
    (workspace / "ten.txt").write_text(RESULT)
    stack.start_runner()
    execution = api.add_execution(session, "go")
    handle = await stack.start(execution)
    done = await api.finished(execution)
    await handle.result()

    assert done.status.phase == enum_pb2.EXECUTION_COMPLETED, done.status.error
    calls = [call for message in done.status.messages for call in message.tool_calls if message.type == 2]
    assert [len(call.result) >= len(RESULT) for call in calls] == [True] * CALLS
    sent = sum(report.ByteSize() for report in api.reports[execution])
    assert CALLS * len(RESULT) < sent < MOST_STATUS
    assert sum([event.ByteSize() async for event in handle.fetch_history_events()]) < MOST_HISTORY
