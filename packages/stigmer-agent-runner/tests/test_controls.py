"""Pause, resume and recovery of agent executions on real Temporal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from temporalio.client import WorkflowFailureError

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api.temporal import SET_PAUSED, PauseState, first_sequence

if TYPE_CHECKING:
    from agent_runner_testing.api import ApiServer
    from agent_runner_testing.stack import Stack

_STEP = '      - say: "working on it"\n        delay_ms: 50\n        call: [{tool: ls}]\n'
STEPS = "version: 1\ncases:\n  - turns:\n" + _STEP * 12 + "      - say: finished\n"


def tools(execution: Any) -> int:
    """How many tool calls were answered."""
    return len([message for message in execution.status.messages if message.type == enum_pb2.MESSAGE_TOOL])


async def paused(stack: Stack, api: ApiServer) -> tuple[str, Any]:
    """An execution that was paused in the middle of its steps, as the server does it."""
    execution = api.add_execution(api.add_session(api.add_agent(model="scripted", script=STEPS)), "go")
    handle = await stack.start(execution)
    await api.until(execution, lambda status: len(status.messages) > 3)
    api.signal = enum_pb2.EXECUTION_CONTROL_SIGNAL_PAUSE
    await handle.signal(SET_PAUSED, PauseState(paused=True, number=3, reason="lunch"))
    await api.until(execution, lambda status: status.phase == enum_pb2.EXECUTION_PAUSED)
    return execution, handle


async def resume(api: ApiServer, handle: Any) -> None:
    """As the server does it."""
    api.signal = enum_pb2.EXECUTION_CONTROL_SIGNAL_UNSPECIFIED
    await handle.signal(SET_PAUSED, PauseState(paused=False, number=4))


async def test_a_paused_agent_stops_at_a_safe_point_and_repeats_no_step_when_it_goes_on(
    stack: Stack, api: ApiServer
) -> None:
    stack.start_runner()
    execution, handle = await paused(stack, api)
    assert tools(api.execution(execution)) < 12
    await handle.signal(SET_PAUSED, PauseState(paused=False, number=2))  # older than the pause
    assert api.execution(execution).status.phase == enum_pb2.EXECUTION_PAUSED
    await resume(api, handle)
    done = await api.finished(execution)
    assert (done.status.phase, tools(done)) == (enum_pb2.EXECUTION_COMPLETED, 12)
    assert done.status.messages[-1].content == "finished"


async def test_a_pause_lasts_while_no_runner_is_there(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    execution, handle = await paused(stack, api)
    await stack.stop_runners()
    stack.start_runner()
    await resume(api, handle)
    assert tools(await api.finished(execution)) == 12


async def test_a_paused_agent_can_be_cancelled(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    execution, handle = await paused(stack, api)
    await handle.cancel()
    assert (await api.finished(execution)).status.phase == enum_pb2.EXECUTION_CANCELLED
    with pytest.raises(WorkflowFailureError):
        await handle.result()


async def test_an_agent_that_was_ended_goes_on_from_its_last_step_when_recovered(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    execution, handle = await paused(stack, api)
    before = tools(api.execution(execution))
    await handle.terminate()
    status = api.execution(execution).status  # what the server makes of terminate and recover
    status.phase, status.sequence = enum_pb2.EXECUTION_PENDING, first_sequence(1)
    api.signal = enum_pb2.EXECUTION_CONTROL_SIGNAL_UNSPECIFIED
    await stack.start(execution)
    done = await api.finished(execution)
    assert (done.status.phase, tools(done)) == (enum_pb2.EXECUTION_COMPLETED, 12)
    assert before > 0
    turns = [message.id for message in done.status.messages if message.type == enum_pb2.MESSAGE_AI]
    assert len(turns) == len(set(turns)) == 13
