"""Histories that a stack's Temporal keeps of what ran there: replayed, and recorded for the versions to come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from stigmer_agent_runner.mcp.discovery import McpConnectWorkflow
from stigmer_agent_runner.schedule import ScheduleFireWorkflow
from stigmer_agent_runner.temporal_exit import REDACTING
from stigmer_agent_runner.workflow import AgentExecutionWorkflow
from stigmer_api.temporal import WORKFLOW_AWAIT, WORKFLOW_EXECUTION, WORKFLOW_FIRE
from stigmer_workflow_runner.await_events import WorkflowAwaitRun
from stigmer_workflow_runner.fire import WorkflowFireRun
from stigmer_workflow_runner.payloads import DATA_CONVERTER
from stigmer_workflow_runner.workflow import WorkflowExecutionRun

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from stack import Stack

WORKFLOWS = (WORKFLOW_EXECUTION, WORKFLOW_FIRE, WORKFLOW_AWAIT)
"""Types of Temporal workflows that the workflow runner runs; the agent runner runs all others."""


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its type of workflow at Temporal, and its history."""

    type: str
    history: WorkflowHistory

    @property
    def execution(self) -> str:
        """The id of the execution that it belongs to."""
        return self.history.workflow_id.rpartition("/")[2]


async def ended(stack: Stack) -> list[Ended]:
    """Every run that has ended."""
    client = await Client.connect(f"127.0.0.1:{stack.ports[1]}")
    found = []
    async for item in client.list_workflows():
        if item.status is not WorkflowExecutionStatus.RUNNING:
            handle = client.get_workflow_handle(item.id, run_id=item.run_id)
            found.append(Ended(item.workflow_type, await handle.fetch_history()))
    return found


async def replay_failures(runs: list[Ended]) -> dict[str, Exception]:
    """What goes wrong, by run, when these are replayed by the workflow code as it is now."""
    plain = UnsandboxedWorkflowRunner()
    ours: list[Any] = [WorkflowExecutionRun, WorkflowFireRun, WorkflowAwaitRun]
    agents: list[Any] = [AgentExecutionWorkflow, ScheduleFireWorkflow, McpConnectWorkflow]
    failures: dict[str, Exception] = {}
    for workflows, converter, wanted in ((ours, DATA_CONVERTER, True), (agents, REDACTING, False)):
        replayer = Replayer(workflows=workflows, workflow_runner=plain, data_converter=converter, debug_mode=True)
        chosen = [run.history for run in runs if (run.type in WORKFLOWS) is wanted]
        results = await replayer.replay_workflows(_each(chosen), raise_on_replay_failure=False)
        failures |= results.replay_failures
    return failures


async def _each(histories: list[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    for history in histories:
        yield history


def record(run: Ended, path: Path) -> None:
    """Write a history, with nothing in it of the machine it was made on."""
    text = re.sub(r'"stackTrace": "(?:[^"\\]|\\.)*"', '"stackTrace": ""', run.history.to_json())
    path.write_text(re.sub(r'"\d+@[^"]*"', '"recorder"', text) + "\n")
