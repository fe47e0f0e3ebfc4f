"""A fired schedule asks the server for its run: at its nominal time, until the server answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from agent_runner_testing.api import ApiServer
from agent_runner_testing.stack import Stack
from temporalio.client import (
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    ScheduleSpec,
    ScheduleState,
    WorkflowFailureError,
)

from stigmer_api.errors import InvalidArgument, NotFound
from stigmer_api.temporal import AGENT_EXECUTION_QUEUE, SCHEDULE_FIRE, ScheduleFire, temporal_schedule_id

_WAIT_SECONDS = 60


async def _schedule(stack: Stack, schedule_id: str) -> ScheduleHandle:
    """What the server makes on Temporal, without times of its own."""
    action = ScheduleActionStartWorkflow(
        SCHEDULE_FIRE,
        ScheduleFire(schedule_id),
        id=f"{SCHEDULE_FIRE}/{schedule_id}",
        task_queue=AGENT_EXECUTION_QUEUE,
    )
    schedule = Schedule(action=action, spec=ScheduleSpec(), state=ScheduleState())
    return await stack.client.create_schedule(temporal_schedule_id(schedule_id), schedule)


async def _fired(stack: Stack, handle: ScheduleHandle) -> str:
    """Fire now and return what the workflow says."""
    await handle.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    async with asyncio.timeout(_WAIT_SECONDS):
        while True:
            actions = (await handle.describe()).info.recent_actions
            if actions:
                break
            await asyncio.sleep(0.05)  # between two looks at another process, within the bound above
        action = actions[-1].action
        assert isinstance(action, ScheduleActionExecutionStartWorkflow)
        run = stack.client.get_workflow_handle(action.workflow_id, result_type=str)
        return str(await run.result())


async def test_a_firing_asks_for_the_run_of_its_nominal_time(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    before = datetime.now(UTC) - timedelta(seconds=2)

    assert await _fired(stack, await _schedule(stack, "sch-1")) == "aex-of-sch-1"

    (asked,) = api.fired
    assert asked.value == "sch-1"
    nominal = asked.nominal_fire_time.ToDatetime(tzinfo=UTC)
    assert before < nominal <= datetime.now(UTC) + timedelta(seconds=1)
    assert nominal.microsecond == 0


async def test_a_firing_waits_for_a_server_that_is_away(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    handle = await _schedule(stack, "sch-1")
    await api.stop()
    firing = asyncio.create_task(_fired(stack, handle))
    done, _ = await asyncio.wait({firing}, timeout=0.5)
    assert not done
    await api.start()

    assert await firing == "aex-of-sch-1"
    assert len(api.fired) == 1


async def test_a_firing_of_a_schedule_that_is_gone_ends_without_failure(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    api.fail_fires.append(NotFound("the schedule does not exist"))

    assert await _fired(stack, await _schedule(stack, "sch-1")) == "the schedule is gone"


async def test_a_firing_that_the_server_does_not_understand_fails_at_once(stack: Stack, api: ApiServer) -> None:
    stack.start_runner()
    api.fail_fires.append(InvalidArgument("no such time"))

    with pytest.raises(WorkflowFailureError):
        await _fired(stack, await _schedule(stack, "sch-1"))
