"""Executions that began under an earlier version go on under this one: recorded histories replay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from stigmer_workflow_runner.await_events import WorkflowAwaitRun
from stigmer_workflow_runner.fire import WorkflowFireRun
from stigmer_workflow_runner.payloads import DATA_CONVERTER
from stigmer_workflow_runner.worker import sandbox
from stigmer_workflow_runner.workflow import WorkflowExecutionRun

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def replayer() -> Replayer:
    workflows = [WorkflowExecutionRun, WorkflowFireRun, WorkflowAwaitRun]
    return Replayer(workflows=workflows, workflow_runner=sandbox(), data_converter=DATA_CONVERTER)


def test_there_are_histories() -> None:
    assert len(HISTORIES) >= 5


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Any) -> None:
    await replayer().replay_workflow(WorkflowHistory.from_json("replayed", path.read_text()))


async def test_a_history_of_other_behaviour_does_not_replay() -> None:
    text = next(path for path in HISTORIES if path.stem == "nested").read_text()
    assert '"report_progress"' in text
    other = WorkflowHistory.from_json("replayed", text.replace('"name": "http"', '"name": "other"'))
    with pytest.raises(Exception, match=r"(?i)nondeterminism|TMPRL1100"):
        await replayer().replay_workflow(other)
