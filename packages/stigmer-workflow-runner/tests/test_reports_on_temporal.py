"""What reaches the server on real Temporal when nothing goes beside history, and what loading costs."""

from __future__ import annotations

from typing import Any

import pytest
from runner_documents import HEAD

from stigmer_api.temporal import TASK_ANSWERED, TaskAnswered
from stigmer_workflow_runner.activities.beside import Beside

WAITING_APPROVAL = 6
ASKS = HEAD + "do: [{first: {set: {x: 1}}}, {ask: {call: human, with: {prompt: Go?}}}, {last: {set: {y: 2}}}]"


async def test_news_that_is_lost_is_made_up_for_before_a_run_waits_and_at_its_end(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Beside, "tell", lambda _beside, _report: None)
    async with stack.worker():
        execution = stack.api.add_execution(stack.api.add_workflow(ASKS))
        handle = await stack.start(execution)
        await stack.api.until(lambda: any(t.status == WAITING_APPROVAL for t in stack.api.status(execution).tasks))
        assert stack.api.tasks(execution)["/do/0/first"].output_json == '{"x":1}'
        asked = stack.api.tasks(execution)["/do/1/ask"].human_request.id
        await handle.signal(TASK_ANSWERED, TaskAnswered(asked, "/do/1/ask", "approve"))
        await stack.api.ended(execution)
    names = stack.api.event_names(execution)
    assert (names[0], names[-1]) == ("execution_started", "execution_completed")
    assert (names.count("task_started"), names.count("task_completed")) == (3, 3)
    assert [report.status.phase for report in stack.api.reports[execution]] == [2, 3]


async def test_a_version_of_a_workflow_is_read_once(runner: Any) -> None:
    workflow = runner.api.add_workflow(HEAD + "do: [{a: {set: {x: '${ .n }'}}}]")
    for number in range(3):
        execution = runner.api.add_execution(workflow, {"n": number})
        await runner.start(execution)
        await runner.api.ended(execution)
        assert runner.api.output(execution) == {"x": number}
    assert runner.api.calls.count("workflow.get") == 1
    assert runner.api.calls.count("workflow_execution.get") == 3
