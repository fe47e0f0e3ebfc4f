"""Pause, resume and recovery of runs on real Temporal: held between tasks, through restarts and continue-as-new."""

# ruff: noqa: E501 - a document reads better on one line

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from runner_documents import HEAD
from runner_peer import agent_reply, make

from stigmer_api.temporal import (
    CHILD_FINISHED,
    RECOVERY_MEMO,
    SET_PAUSED,
    WORKFLOW_EXECUTION,
    ChildFinished,
    ExecutionInput,
    PauseState,
    decode_callback,
    first_sequence,
    temporal_workflow_id,
)

IN_PROGRESS, COMPLETED, FAILED, CANCELLED, PAUSED = 2, 3, 4, 5, 7
WAITS = HEAD + "do: [{rest: {wait: {milliseconds: 300}}}, {a: {set: {x: 1}}}, {b: {set: {y: '${ .x + 1 }'}}}]"


async def in_phase(stack: Any, execution: str, phase: int) -> None:
    """Wait until the server was told this phase."""
    async with asyncio.timeout(30), stack.api.changed:
        await stack.api.changed.wait_for(lambda: stack.api.status(execution).phase == phase)


async def started(stack: Any, document: str) -> tuple[str, Any]:
    execution = stack.api.add_execution(stack.api.add_workflow(document), None, f"wex-{os.urandom(6).hex()}")
    return execution, await stack.start(execution)


async def test_a_run_holds_between_tasks_and_goes_on_when_told(runner: Any) -> None:
    execution, handle = await started(runner, WAITS)
    await handle.signal(SET_PAUSED, PauseState(paused=True, number=5, reason="lunch"))
    await in_phase(runner, execution, PAUSED)
    await handle.signal(SET_PAUSED, PauseState(paused=False, number=4))  # older than the pause
    await handle.signal(SET_PAUSED, PauseState(paused=True, number=5))  # the same again
    assert "/do/1/a" not in runner.api.tasks(execution)
    await handle.signal(SET_PAUSED, PauseState(paused=False, number=6))
    await runner.api.ended(execution)
    assert runner.api.output(execution) == {"y": 2}
    names = runner.api.event_names(execution)
    assert (names.count("execution_paused"), names.count("execution_resumed")) == (1, 1)
    assert names.index("execution_paused") < names.index("execution_resumed")
    events = [event for report in runner.api.reports[execution] for event in report.events]
    assert [event.execution_paused.reason for event in events if event.HasField("execution_paused")] == ["lunch"]


async def test_a_pause_lasts_through_restarts_and_continue_as_new(stack: Any) -> None:
    document = (
        HEAD
        + "do: [{rest: {wait: {milliseconds: 200}}}, {loop: {for: {in: '[range(6)]'}, do: [{rest: {wait: {milliseconds: 5}}}]}}, {a: {set: {x: 1}}}]"
    )
    async with stack.worker(max_history_events=12):
        execution, handle = await started(stack, document)
        await handle.signal(SET_PAUSED, PauseState(paused=True, number=1))
        await in_phase(stack, execution, PAUSED)
    async with stack.worker(max_history_events=12):
        assert stack.api.status(execution).phase == PAUSED
        await handle.signal(SET_PAUSED, PauseState(paused=False, number=2))
        await stack.api.ended(execution)
    assert stack.api.output(execution) == {"x": 1}
    assert (await stack.temporal.get_workflow_handle(handle.id).describe()).run_id != handle.first_execution_run_id
    assert stack.api.event_names(execution).count("execution_paused") == 1


async def test_a_paused_run_can_be_cancelled(runner: Any) -> None:
    execution, handle = await started(runner, WAITS)
    await handle.signal(SET_PAUSED, PauseState(paused=True, number=1))
    await in_phase(runner, execution, PAUSED)
    await handle.cancel()
    await runner.api.ended(execution)
    assert runner.api.status(execution).phase == CANCELLED


async def test_the_timeout_of_a_paused_workflow_goes_on(runner: Any) -> None:
    document = (
        HEAD + "timeout: {after: {milliseconds: 600}}\ndo: [{rest: {wait: {milliseconds: 200}}}, {a: {set: {x: 1}}}]"
    )
    execution, handle = await started(runner, document)
    await handle.signal(SET_PAUSED, PauseState(paused=True, number=1))
    await runner.api.ended(execution)
    assert runner.api.status(execution).phase == FAILED
    assert "longer than its timeout" in runner.api.status(execution).error


@pytest.mark.parametrize("recovery", [0, 2])
async def test_a_recovered_run_reports_above_the_earlier_ones_and_has_children_of_its_own(
    runner: Any, recovery: int
) -> None:
    runner.api.put(make("agent", "greeter"))

    async def on_create(execution: Any) -> None:
        execution.status.CopyFrom(agent_reply("Hi!"))
        parent = runner.temporal.get_workflow_handle(decode_callback(execution.spec.callback_token))
        await parent.signal(CHILD_FINISHED, ChildFinished(execution.metadata.id))

    runner.api.on_create = on_create
    document = HEAD + "do: [{ask: {call: agent, with: {agent: greeter, message: Hello}}}]"
    execution = runner.api.add_execution(runner.api.add_workflow(document), None, f"wex-{os.urandom(6).hex()}")
    await runner.temporal.start_workflow(
        WORKFLOW_EXECUTION,
        ExecutionInput(execution),
        id=temporal_workflow_id(WORKFLOW_EXECUTION, execution),
        task_queue=runner.queue,
        memo={RECOVERY_MEMO: recovery} if recovery else None,
    )
    await runner.api.ended(execution)
    reports = runner.api.reports[execution]
    assert all(first_sequence(recovery) < report.sequence < first_sequence(recovery + 1) for report in reports)
    ids = [event.event_id for report in reports for event in report.events]
    assert ids[0] == f"{execution}/{first_sequence(recovery) + 1}"
    (child,) = [item for item in runner.api.resources.values() if item.metadata.request_id.startswith(execution)]
    assert ("/recovery-2/" in child.metadata.request_id) == bool(recovery)
