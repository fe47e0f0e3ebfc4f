"""What a schedule starts, on real Temporal: one execution for each time, and the next one after its end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from runner_documents import HEAD
from temporalio.client import WorkflowFailureError

from stigmer_api.temporal import CHILD_FINISHED, WORKFLOW_FIRE, ChildFinished, WorkflowFire, decode_callback


async def test_a_time_makes_one_execution_and_lasts_as_long_as_it(runner: Any) -> None:
    made: list[Any] = []

    async def on_create(execution: Any) -> None:
        made.append(execution)

    runner.api.on_create = on_create
    workflow = runner.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    fire = WorkflowFire(workflow.metadata.id)
    handle = await runner.temporal.start_workflow(WORKFLOW_FIRE, fire, id="fire-once", task_queue=runner.queue)
    await runner.api.until(lambda: bool(made))
    [execution] = made
    assert execution.spec.workflow_id == workflow.metadata.id
    assert execution.metadata.labels["stigmer.ai/schedule"] == workflow.metadata.id
    assert execution.metadata.request_id.startswith(f"{workflow.metadata.id}/")
    assert decode_callback(execution.spec.callback_token) == "fire-once"
    assert (await handle.describe()).close_time is None
    await handle.signal(CHILD_FINISHED, ChildFinished(execution.metadata.id))
    async with asyncio.timeout(30):
        assert await handle.result() == execution.metadata.id


async def test_with_after_the_next_one_starts_when_the_last_one_has_ended(runner: Any) -> None:
    made: list[Any] = []

    async def on_create(execution: Any) -> None:
        made.append(execution)
        await handle.signal(CHILD_FINISHED, ChildFinished(execution.metadata.id))

    runner.api.on_create = on_create
    workflow = runner.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    handle = runner.temporal.get_workflow_handle("fire-after")
    fire = WorkflowFire(workflow.metadata.id, 0.0)
    await runner.temporal.start_workflow(WORKFLOW_FIRE, fire, id="fire-after", task_queue=runner.queue)
    await runner.api.until(lambda: len(made) >= 2)
    assert made[0].metadata.request_id != made[1].metadata.request_id
    await handle.terminate("enough")
    with contextlib.suppress(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), 30)


async def test_a_workflow_that_is_gone_makes_nothing(runner: Any) -> None:
    fire = WorkflowFire("wfl-gone")
    handle = await runner.temporal.start_workflow(WORKFLOW_FIRE, fire, id="fire-gone", task_queue=runner.queue)
    async with asyncio.timeout(30):
        assert "is gone" in await handle.result()
