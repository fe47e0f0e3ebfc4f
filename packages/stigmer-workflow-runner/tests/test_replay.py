"""Executions that began under an earlier version go on under this one: recorded histories replay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from strict_sandbox import replayer, strict
from temporalio.client import WorkflowHistory
from temporalio.worker import UnsandboxedWorkflowRunner

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))
EXAMPLES = sorted((Path(__file__).parent / "histories" / "examples").glob("*.json"))
"""Of the workflows of `examples/`: `STIGMER_RECORD_HISTORIES=1 pytest -n 0 tests/e2e/test_examples.py` records them."""

EARLIER = sorted((Path(__file__).parent / "histories" / "earlier").glob("*.json"))
"""Of runs that load through an activity and report through local ones; nothing records these any more."""

PLAIN = UnsandboxedWorkflowRunner()
STRIDE = 4
"""The strict sandbox reads all modules anew for each history, so its histories come in that many portions."""

CASES = {
    **{f"in the strict sandbox, {n + 1} of {STRIDE}": (HISTORIES[n::STRIDE], strict()) for n in range(STRIDE)},
    "as the worker runs them": (HISTORIES, PLAIN),
    "of the examples": (EXAMPLES, PLAIN),
    "of an earlier version": (EARLIER, PLAIN),
}


def test_there_are_histories() -> None:
    assert len(HISTORIES) >= 5
    assert len(EXAMPLES) >= 5
    assert len(EARLIER) >= 5


@pytest.mark.parametrize(("paths", "runner"), CASES.values(), ids=CASES)
async def test_recorded_histories_replay(paths: list[Path], runner: Any) -> None:
    async def histories() -> AsyncIterator[WorkflowHistory]:
        for path in paths:
            yield WorkflowHistory.from_json(path.stem, path.read_text())

    results = await replayer(runner).replay_workflows(histories(), raise_on_replay_failure=False)
    assert results.replay_failures == {}


async def test_a_history_of_other_behaviour_does_not_replay() -> None:
    text = next(path for path in HISTORIES if path.stem == "nested").read_text()
    assert '"name": "http"' in text
    other = WorkflowHistory.from_json("replayed", text.replace('"name": "http"', '"name": "other"'))
    with pytest.raises(Exception, match=r"(?i)nondeterminism|TMPRL1100"):
        await replayer(PLAIN).replay_workflow(other)
