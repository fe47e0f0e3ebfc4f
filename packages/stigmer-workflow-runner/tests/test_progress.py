"""Reports: what is in them, and that a lost one is repaired."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stigmer_api.dsl.model import Task
from stigmer_workflow_runner.activities.status import to_request
from stigmer_workflow_runner.excerpts import MAX_TEXT
from stigmer_workflow_runner.progress import COMPLETED, SETTLE_AFTER, Progress
from stigmer_workflow_runner.state import Scope

TASK = Task(name="a", kind="call http", pointer="/do/0/a", body=None, definition={})


def started() -> Any:
    progress = Progress("wex-1")
    progress.execution_started(1_700_000_000.0)
    progress.started(TASK, Scope(), 1_700_000_001.0, {"x": 1})
    return progress


def test_a_lost_report_comes_again_with_the_next_under_what_is_newer() -> None:
    progress = started()
    lost = progress.take()
    progress.completed(TASK, Scope(), (1_700_000_001.0, 1_700_000_002.0), ({"x": 1}, {"y": 2}))
    progress.give_back()
    report = progress.take()
    assert report["sequence"] > lost["sequence"]
    assert [task["status"] for task in report["tasks"]] == ["COMPLETED"]
    assert [event["type"] for event in report["events"]] == ["execution_started", "task_started", "task_completed"]
    assert [e["event_id"] for e in report["events"][:2]] == [e["event_id"] for e in lost["events"]]


def test_what_was_acknowledged_is_not_sent_again() -> None:
    progress = started()
    progress.take()
    progress.acknowledge()
    assert not progress.unsettled
    assert progress.take()["tasks"] == []


def test_news_is_told_once_and_stays_unsettled_until_a_report_of_history_was_taken() -> None:
    progress = started()
    assert [task["status"] for task in progress.news()["tasks"]] == ["IN_PROGRESS"]
    progress.completed(TASK, Scope(), (1_700_000_001.0, 1_700_000_002.0), ({"x": 1}, {"y": 2}))
    news = progress.news()
    assert [event["type"] for event in news["events"]] == ["task_completed"]
    assert not progress.fresh
    assert progress.unsettled
    settled = progress.take()
    assert settled["sequence"] == news["sequence"]
    assert [task["status"] for task in settled["tasks"]] == ["COMPLETED"]
    assert [event["type"] for event in settled["events"]] == ["execution_started", "task_started", "task_completed"]
    progress.acknowledge()
    assert not progress.unsettled


def test_a_report_of_history_is_due_before_a_long_wait_and_when_much_was_told() -> None:
    progress = started()
    progress.news()
    assert not progress.due
    progress.settle()
    assert progress.due
    progress.take()
    progress.acknowledge()
    assert not progress.due
    for iteration in range(SETTLE_AFTER):
        progress.started(TASK, Scope(iterations=(iteration,)), 1.0, None)
        progress.news()
    assert progress.due


def test_what_was_told_but_not_settled_is_told_again_by_the_next_run() -> None:
    progress = started()
    told = progress.news()
    carried = Progress.from_json(json.loads(json.dumps(progress.to_json())))
    assert carried.fresh
    assert carried.news() == told
    assert not carried.fresh


def test_the_same_changes_have_the_same_numbers_however_they_are_told() -> None:
    together, apart = Progress("wex-1"), Progress("wex-1")
    for progress in (together, apart):
        progress.execution_started(1.0)
        if progress is apart:
            progress.news()
        progress.started(TASK, Scope(), 2.0, None)
    assert apart.news()["sequence"] == together.news()["sequence"]
    assert apart.take() == together.take()


def test_progress_survives_a_continue_as_new() -> None:
    progress = started()
    carried = Progress.from_json(json.loads(json.dumps(progress.to_json())))
    assert carried.take() == progress.take()
    carried.completed(TASK, Scope(), (1.0, 2.0), (None, None))
    assert carried.take()["events"][-1]["event_id"] == "wex-1/3"


def test_long_values_are_cut_and_stay_json() -> None:
    progress = started()
    progress.completed(TASK, Scope(iterations=(3,)), (1.0, 2.0), ("a" * 100_000, None))
    task = progress.take()["tasks"][-1]
    assert len(task["input_json"]) <= MAX_TEXT + 100
    assert json.loads(task["input_json"]).endswith("(100002 characters)")
    assert task["output_json"] == "null"


def test_a_report_becomes_the_message_of_the_wire() -> None:
    progress = started()
    progress.failed(TASK, Scope(iterations=(12,), attempt=2), (1.0, 3.5), {"type": "https://x", "status": 500})
    progress.retrying(TASK, Scope(), 4.0, 3, 1.5)
    progress.child_started(TASK, 5.0, "agent", "aex-1")
    progress.child_ended(TASK, (5.0, 6.0), "agent", {"id": "aex-1", "phase": "COMPLETED"})
    progress.execution_ended(COMPLETED, 1_700_000_009.0, output=[1])
    request = to_request(progress.take())
    assert (request.execution_id, request.sequence, request.status.phase) == ("wex-1", 9, 3)  # nine changes
    assert (request.status.output_json, request.status.started_at) == ("[1]", "2023-11-14T22:13:20.000Z")
    first, second = request.status.tasks
    assert (first.task_id, first.task_type, first.status, first.input_json) == ("/do/0/a", 3, 2, '{"x":1}')
    assert (second.task_id, second.attempt, second.status) == ("/do/0/a#2", 2, 4)
    assert dict(second.metadata) == {"iterations": [12]}
    payloads = {event.WhichOneof("payload"): event for event in request.events}
    assert payloads["task_failed"].task_failed.duration_ms == 2500
    assert payloads["task_retrying"].task_retrying.next_attempt == 3
    assert payloads["agent_call_completed"].agent_call_completed.agent_phase == 3
    assert payloads["execution_completed"].execution_completed.duration_ms == 9000


@pytest.mark.parametrize(
    ("output", "published"), [({"a": 1}, True), ([1], False), ({"a": "\ud800"}, False), ({"a": 10**400}, False)]
)
def test_the_published_output_is_filled_when_a_struct_can_hold_it(output: Any, published: bool) -> None:
    progress = started()
    progress.execution_ended(COMPLETED, 2.0, output=output)
    status = to_request(progress.take()).status
    assert json.loads(status.output_json) == output
    assert status.HasField("output") is published
