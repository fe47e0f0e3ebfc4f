"""Workflows that start by themselves, through a real server and a real runner: by times, by ends, by events."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio.client import Client, ScheduleBackfill, ScheduleOverlapPolicy

from stigmer_api.client import AsyncClient
from stigmer_api.errors import ApiError
from stigmer_api.kinds import kind_by_key
from stigmer_api.methods import EVENT_SERVICE, RESOURCE_SERVICE, method
from stigmer_api.temporal import temporal_workflow_schedule_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stack import Stack

COMPLETED = 3
DOCUMENT = """\
document: {dsl: '1.0.3', namespace: e2e, name: %s, version: 1.0.0}
schedule: %s
do: [{take: {set: {got: '${ . }'}}}]
"""
PAID_AND_SENT = """\
  {on: {all: [
    {with: {type: paid}, correlate: {order: {from: .data.order}}},
    {with: {type: sent}, correlate: {order: {from: .data.order}}}]}}
"""


def apply(stack: Stack, folder: Path, name: str, schedule: str) -> str:
    """Apply a workflow with this schedule; its id."""
    (folder / f"{name}.yaml").write_text(DOCUMENT % (name, schedule))
    stack.ctl("apply", "-f", str(folder / f"{name}.yaml"))
    return str(stack.json("get", "workflow", name)["metadata"]["id"])


async def executions(stack: Stack, workflow_id: str) -> list[Any]:
    """What the schedule of a workflow made, oldest first; nothing while the server is being started again."""
    kind = kind_by_key("workflow_execution")
    asked = method(RESOURCE_SERVICE, "List").request(
        kinds=[kind.number], labels={"stigmer.ai/schedule": workflow_id}, page_size=1000
    )
    found = []
    async with AsyncClient(stack.address, stack.token) as client:
        answer: Any = await client.call(RESOURCE_SERVICE, "List", asked, timeout=5)
    for item in answer.items:
        execution: Any = kind.message()
        item.Unpack(execution)
        found.append(execution)
    return found


async def until(stack: Stack, workflow_id: str, enough: Callable[[list[Any]], bool]) -> list[Any]:
    async with asyncio.timeout(90):
        while True:
            try:
                found = await executions(stack, workflow_id)
            except ApiError:
                found = []
            if enough(found):
                return found
            await asyncio.sleep(0.2)  # between two looks at other processes, within the bound above


def done(count: int) -> Callable[[list[Any]], bool]:
    """At least so many, and those have ended well."""
    return lambda found: sum(item.status.phase == COMPLETED for item in found) >= count


async def publish(stack: Stack, kind: str, **data: Any) -> int:
    """Publish an event, however often it takes; it counts once."""
    key = f"{kind}-{json.dumps(data, sort_keys=True)}"
    event = {"specversion": "1.0", "id": key, "source": "/e2e", "type": kind, "data": data}
    asked = method(EVENT_SERVICE, "Publish").request(event_json=json.dumps(event), request_id=key)
    async with asyncio.timeout(60), AsyncClient(stack.address, stack.token) as client:
        while True:
            try:
                answer: Any = await client.call(EVENT_SERVICE, "Publish", asked, timeout=5)
            except ApiError:
                await asyncio.sleep(0.2)  # the server is being started again, within the bound above
            else:
                return int(answer.listeners)


def kill(stack: Stack, name: str) -> None:
    os.kill(stack.pid_of(name), signal.SIGKILL)


def inputs(found: list[Any]) -> list[Any]:
    return [json.loads(item.spec.input_json) for item in found]


async def test_each_time_of_cron_makes_one_execution_that_runs(stack: Stack, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    minutes = sorted((now.minute - 8 - 2 * number) % 60 for number in range(3))
    workflow_id = apply(stack, tmp_path, "by-cron", f"{{cron: '{','.join(map(str, minutes))} * * * *'}}")
    temporal = await Client.connect(f"127.0.0.1:{stack.ports[1]}")
    handle = temporal.get_schedule_handle(temporal_workflow_schedule_id(workflow_id))
    span = ScheduleBackfill(start_at=now - timedelta(minutes=15), end_at=now, overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    await handle.backfill(span)
    found = await until(stack, workflow_id, done(3))
    assert len(found) == 3
    assert len({item.metadata.request_id for item in found}) == 3
    stack.ctl("delete", "workflow/by-cron")


async def test_every_and_after_start_again_and_again_until_the_workflow_is_gone(stack: Stack, tmp_path: Path) -> None:
    every = apply(stack, tmp_path, "by-every", "{every: PT1S}")
    after = apply(stack, tmp_path, "by-after", "{after: {milliseconds: 100}}")
    found = await until(stack, after, done(3))
    ends = [item.status.completed_at for item in found[:2]]
    begins = [item.status.started_at for item in found[1:3]]
    assert all(end <= begin for end, begin in zip(ends, begins, strict=True)), "one after the other"
    await until(stack, every, done(2))
    for name in ("by-every", "by-after"):
        stack.ctl("delete", f"workflow/{name}", "--force")


async def test_events_start_a_workflow_once_for_each_set_though_everything_is_killed(
    stack: Stack, tmp_path: Path
) -> None:
    workflow_id = apply(stack, tmp_path, "by-events", PAID_AND_SENT)
    for order in (1, 2, 3):
        assert await publish(stack, "paid", order=order) == 1
    kill(stack, "stigmer-workflow-runner")
    await publish(stack, "sent", order=2)
    kill(stack, "stigmer-server")
    for order in (2, 1):
        await publish(stack, "sent", order=order)
    found = await until(stack, workflow_id, done(2))
    assert inputs(found) == [[{"order": 2}, {"order": 2}], [{"order": 1}, {"order": 1}]]
    assert [json.loads(item.status.output_json) for item in found] == [{"got": item} for item in inputs(found)]
    apply(stack, tmp_path, "by-events", "{on: {one: {with: {type: paid}}}}")
    await publish(stack, "sent", order=3)
    await publish(stack, "paid", order=4)
    found = await until(stack, workflow_id, done(3))
    assert inputs(found)[2:] == [[{"order": 4}]], "a changed schedule begins anew"
    stack.ctl("delete", "workflow/by-events")
    assert await publish(stack, "paid", order=5) == 0


async def test_what_one_workflow_emits_starts_another(stack: Stack, tmp_path: Path) -> None:
    workflow_id = apply(stack, tmp_path, "by-emit", "{on: {one: {with: {type: told}}}, read: envelope}")
    (tmp_path / "teller.yaml").write_text(
        "document: {dsl: '1.0.3', namespace: e2e, name: teller, version: 1.0.0}\n"
        "do: [{tell: {emit: {event: {with: {type: told, data: {n: 7}}}}}}]\n"
    )
    stack.ctl("apply", "-f", str(tmp_path / "teller.yaml"))
    stack.ctl("run", "teller")
    [execution] = await until(stack, workflow_id, done(1))
    [[event]] = inputs([execution])
    assert (event["type"], event["source"], event["data"]) == ("told", "/e2e/teller/1.0.0", {"n": 7})
    stack.ctl("delete", "workflow/by-emit")
    stack.ctl("delete", "workflow/teller")
