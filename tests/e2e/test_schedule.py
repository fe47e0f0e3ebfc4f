"""Temporal fires a schedule while the API server is killed: each time makes one run."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from stack import ROOT
from temporalio.client import Client, ScheduleBackfill, ScheduleOverlapPolicy

from stigmer_api.client import AsyncClient
from stigmer_api.errors import ApiError
from stigmer_api.methods import method
from stigmer_api.temporal import temporal_schedule_id

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Stack

TIMES = 3
COMPLETED, SKIPPED, STARTED = 5, 4, 1
"""Outcomes of runs."""


async def runs_of(stack: Stack, schedule_id: str) -> list[Any]:
    async with AsyncClient(stack.address, stack.token) as client:
        request = method("schedule", "listRuns").request(schedule_id=schedule_id)
        try:
            answer: Any = await client.call("schedule", "listRuns", request, timeout=5)
        except ApiError:
            return []  # it is being started again
    return list(answer.items)


def manifest(minutes: list[int]) -> str:
    """A schedule whose times are behind us in this hour: Temporal is asked to make up for them."""
    cron = f"{','.join(str(minute) for minute in sorted(minutes))} * * * *"
    return f"""\
apiVersion: agentic.stigmer.ai/v1
kind: Schedule
metadata: {{name: missed}}
spec:
  cron: "{cron}"
  time_zone: UTC
  enabled: true
  agent: {{agent_ref: {{slug: morning-brief}}, message: Please write the brief.}}
"""


async def test_each_time_of_a_schedule_makes_one_run_though_the_server_is_killed(stack: Stack, tmp_path: Path) -> None:
    stack.ctl("apply", "-f", str(ROOT / "examples" / "06-schedule" / "resources.yaml"))
    now = datetime.now(UTC)
    (tmp_path / "missed.yaml").write_text(manifest([(now.minute - 8 - 2 * number) % 60 for number in range(TIMES)]))
    stack.ctl("apply", "-f", str(tmp_path / "missed.yaml"))
    schedule_id = stack.json("get", "schedule", "missed")["metadata"]["id"]
    handle = (await Client.connect(f"127.0.0.1:{stack.ports[1]}")).get_schedule_handle(
        temporal_schedule_id(schedule_id)
    )
    await handle.describe()
    os.kill(stack.pid_of("stigmer-server"), signal.SIGKILL)
    span = ScheduleBackfill(start_at=now - timedelta(minutes=15), end_at=now, overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    await handle.backfill(span)
    async with asyncio.timeout(90):
        while True:
            runs = await runs_of(stack, schedule_id)
            if len(runs) >= TIMES and not any(run.outcome == STARTED for run in runs):
                break
            await asyncio.sleep(0.2)  # between two looks at other processes, within the bound above
    assert len(runs) == TIMES
    assert {run.outcome for run in runs} <= {COMPLETED, SKIPPED}
    executions = sorted(run.execution_id for run in runs if run.execution_id)
    assert executions
    assert len(set(executions)) == len(executions)
    made = [
        item["metadata"]["id"]
        for item in stack.json("get", "agentexecutions")
        if item["metadata"].get("labels", {}).get("stigmer.ai/schedule") == schedule_id
    ]
    assert sorted(made) == executions
    stack.ctl("delete", "schedule/missed")
