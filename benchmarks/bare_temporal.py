"""A worker that does nothing but what Temporal's SDK has to: what the workflow runner is measured against.

python benchmarks/bare_temporal.py ADDRESS TASK_QUEUE
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@activity.defn(name="empty")
async def empty(value: dict[str, str]) -> dict[str, str]:
    """An activity that does nothing."""
    return value


@workflow.defn(name="bare")
class Bare:
    """So many of them, one after the other."""

    @workflow.run
    async def run(self, times: int) -> None:
        """Call them."""
        for _ in range(times):
            await workflow.execute_activity(empty, {"a": "b"}, start_to_close_timeout=timedelta(seconds=60))


async def main(address: str, queue: str) -> None:
    """Poll until killed."""
    client = await Client.connect(address)
    runner = UnsandboxedWorkflowRunner()
    await Worker(client, task_queue=queue, workflows=[Bare], activities=[empty], workflow_runner=runner).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
