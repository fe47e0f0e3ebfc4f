"""Reports, events, cancel and terminate: what the server makes of them without Temporal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import (
    call,
    make_agent,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    report,
    resource,
)

from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound
from stigmer_api.temporal import encode_callback
from stigmer_server.executions import outbox

if TYPE_CHECKING:
    from stigmer_api.client import AsyncClient
    from stigmer_server.app import App

RUNNING = "EXECUTION_IN_PROGRESS"
COMPLETED = "EXECUTION_COMPLETED"


@pytest.fixture
async def run(client: AsyncClient) -> Any:
    """A stored workflow execution."""
    workflow = await make_workflow(client)
    return await make_workflow_execution(client, workflow.metadata.id)


@pytest.fixture
async def turn(client: AsyncClient) -> Any:
    """A stored agent execution."""
    agent = await make_agent(client)
    return await make_agent_execution(client, agent.metadata.id)


def _task(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"task_id": name, "task_name": name, "status": f"WORKFLOW_TASK_{status}", **more}


def _event(event_id: str, task: str = "") -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event_type": "task_started",
        "occurred_at": "2026-01-01T00:00:00Z",
        "task_name": task,
    }


async def _topics(app: App) -> list[str]:
    items = await app.repository.due_outbox(100, datetime.now(UTC) + timedelta(days=1))
    return [item.topic for item in items]


async def test_tasks_are_merged_by_id_and_keep_their_order(client: AsyncClient, run: Any) -> None:
    await report(
        client, run, 1, phase=RUNNING, tasks=[_task("a", "IN_PROGRESS", input_json="1"), _task("b", "PENDING")]
    )
    await report(client, run, 2, tasks=[_task("a", "COMPLETED", input_json="1", output_json="2")])
    stored = await report(client, run, 3, tasks=[_task("c", "IN_PROGRESS")])
    tasks = stored.status.tasks
    assert [(task.task_id, task.status) for task in tasks] == [("a", 3), ("b", 1), ("c", 2)]
    assert (tasks[0].input_json, tasks[0].output_json) == ("1", "2")


async def test_an_older_or_repeated_report_changes_nothing(app: App, client: AsyncClient, run: Any) -> None:
    newest = await report(client, run, 5, phase=RUNNING, tasks=[_task("a", "COMPLETED")], events=[_event("one")])
    revision = await app.repository.revision()
    assert await report(client, run, 5, tasks=[_task("a", "FAILED")], events=[_event("two")]) == newest
    assert await report(client, run, 4, phase="EXECUTION_FAILED") == newest
    assert await app.repository.revision() == revision


async def test_the_first_report_starts_and_the_last_one_ends_the_clock(client: AsyncClient, run: Any) -> None:
    started = await report(client, run, 1, phase=RUNNING)
    assert started.status.started_at.endswith("Z")
    assert started.status.completed_at == ""
    ended = await report(client, run, 2, phase=COMPLETED, output_json='{"a": 1}', completed_at="2026-01-01T00:00:00Z")
    assert ended.status.started_at == started.status.started_at
    assert ended.status.completed_at == "2026-01-01T00:00:00Z"
    assert ended.status.output_json == '{"a": 1}'


async def test_terminal_is_terminal_and_nothing_goes_back_to_pending(client: AsyncClient, run: Any) -> None:
    await report(client, run, 1, phase=RUNNING)
    stored = await report(client, run, 2, phase="EXECUTION_PENDING", error="kept")
    assert (stored.status.phase, stored.status.error) == (2, "kept")
    done = await report(client, run, 3, phase=COMPLETED)
    assert await report(client, run, 4, phase="EXECUTION_FAILED", error="late") == done


async def test_an_element_is_reported_whole_so_that_what_is_empty_now_is_emptied(
    client: AsyncClient, run: Any, turn: Any
) -> None:
    await report(client, run, 1, phase=RUNNING, tasks=[_task("a", "FAILED", error="refused")])
    retried = await report(client, run, 2, tasks=[_task("a", "IN_PROGRESS")])
    assert retried.status.tasks[0].error == ""
    streaming = {"id": "m1", "type": "MESSAGE_AI", "content": "Hel", "is_streaming": True}
    await report(client, turn, 1, phase=RUNNING, messages=[streaming])
    await report(client, turn, 2, messages=[{"id": "m1", "type": "MESSAGE_AI", "content": "Hello"}])
    stored = await call(client, "agent_execution", "get", value=turn.metadata.id)
    assert not stored.status.messages[0].is_streaming


async def test_messages_are_merged_by_id(client: AsyncClient, turn: Any) -> None:
    await report(client, turn, 1, phase=RUNNING, messages=[{"id": "m1", "type": "MESSAGE_AI", "content": "Hel"}])
    await report(
        client,
        turn,
        2,
        messages=[
            {"id": "m1", "type": "MESSAGE_AI", "content": "Hello"},
            {"id": "m2", "type": "MESSAGE_TOOL", "content": "x"},
        ],
    )
    stored = await call(client, "agent_execution", "get", value=turn.metadata.id)
    assert [(item.id, item.content) for item in stored.status.messages] == [("m1", "Hello"), ("m2", "x")]
    assert stored.status.messages[0].type == 2


async def test_messages_without_ids_replace_each_other(client: AsyncClient, turn: Any) -> None:
    await report(client, turn, phase=RUNNING, messages=[{"type": "MESSAGE_AI", "content": "a"}])
    await report(
        client, turn, messages=[{"type": "MESSAGE_AI", "content": "a"}, {"type": "MESSAGE_AI", "content": "b"}]
    )
    stored = await call(client, "agent_execution", "get", value=turn.metadata.id)
    assert [item.content for item in stored.status.messages] == ["a", "b"]


async def test_maps_and_structs_of_a_report_replace_what_was_there(client: AsyncClient, turn: Any) -> None:
    await report(client, turn, 1, phase=RUNNING, todos={"a": {"content": "one"}}, structured_output={"x": 1})
    await report(client, turn, 2, todos={"b": {"content": "two"}}, structured_output={"y": 2})
    stored = await call(client, "agent_execution", "get", value=turn.metadata.id)
    assert set(stored.status.todos) == {"b"}
    assert set(stored.status.structured_output.fields) == {"y"}


async def test_an_answered_approval_is_no_longer_pending(client: AsyncClient, turn: Any) -> None:
    waiting = "EXECUTION_WAITING_FOR_APPROVAL"
    await report(client, turn, 1, phase=waiting, pending_approvals=[{"tool_call_id": "t1", "tool_name": "rm"}])
    stored = await call(client, "agent_execution", "get", value=turn.metadata.id)
    assert [item.tool_call_id for item in stored.status.pending_approvals] == ["t1"]
    await report(client, turn, 2, phase=RUNNING)
    stored = await call(client, "agent_execution", "get", value=turn.metadata.id)
    assert len(stored.status.pending_approvals) == 0


async def test_an_agent_runner_is_told_to_stop_when_its_execution_was_ended(client: AsyncClient, turn: Any) -> None:
    assert (await report(client, turn, 1, phase=RUNNING)).signal == 0
    await call(client, "agent_execution", "terminate", id=turn.metadata.id, reason="enough")
    answer = await report(client, turn, 2, phase=RUNNING)
    assert (answer.signal, answer.signal_reason) == (1, "enough")


async def test_events_are_logged_once_in_order_and_read_after_a_sequence(client: AsyncClient, run: Any) -> None:
    await report(client, run, 1, phase=RUNNING, events=[_event("e1", "a"), _event("e2", "b")])
    stored = await report(client, run, 2, events=[_event("e2", "b"), _event("e3", "a")])
    assert stored.status.last_event_sequence == 3
    log = await call(client, "workflow_execution", "getEventLog", execution_id=run.metadata.id)
    assert [(event.sequence_number, event.event_id) for event in log.events] == [(1, "e1"), (2, "e2"), (3, "e3")]
    assert (log.has_more, log.latest_sequence) == (False, 3)
    rest = await call(
        client, "workflow_execution", "getEventLog", execution_id=run.metadata.id, after_sequence=1, page_size=1
    )
    assert [event.event_id for event in rest.events] == ["e2"]
    assert rest.has_more
    of_task = await call(client, "workflow_execution", "getEventLog", execution_id=run.metadata.id, task_name="a")
    assert [event.event_id for event in of_task.events] == ["e1", "e3"]


async def test_a_report_for_an_unknown_execution_or_without_status_is_refused(client: AsyncClient, run: Any) -> None:
    with pytest.raises(NotFound):
        await call(client, "workflow_execution", "updateStatus", execution_id="wex-none", status={})
    with pytest.raises(InvalidArgument):
        await call(client, "workflow_execution", "updateStatus", execution_id=run.metadata.id)


async def test_an_execution_and_its_start_are_one_transaction(app: App, client: AsyncClient, run: Any) -> None:
    assert run.status.phase == 1
    assert await _topics(app) == [outbox.START]


async def test_the_end_of_an_execution_with_callback_leaves_word_for_its_parent_once(
    app: App, client: AsyncClient
) -> None:
    agent = await make_agent(client)
    spec = {"agent_id": agent.metadata.id, "message": "hello"}
    message = resource("agent_execution", "child", spec)
    message.spec.callback_token = encode_callback("parent-workflow")
    child = await client.call("agent_execution", "create", message)
    await report(client, child, 1, phase=RUNNING)
    await report(client, child, 2, phase=COMPLETED)
    await report(client, child, 3, phase=COMPLETED)
    assert (await _topics(app)).count(outbox.CHILD_FINISHED) == 1


async def test_terminate_ends_at_once_and_is_idempotent(client: AsyncClient, run: Any) -> None:
    ended = await call(client, "workflow_execution", "terminate", id=run.metadata.id, reason="enough")
    assert (ended.status.phase, ended.status.error) == (6, "enough")
    assert ended.status.completed_at
    assert await call(client, "workflow_execution", "terminate", id=run.metadata.id) == ended
    with pytest.raises(FailedPrecondition, match="it is terminated"):
        await call(client, "workflow_execution", "cancel", id=run.metadata.id)


async def test_lists_of_workflow_executions_filter_and_sort(client: AsyncClient) -> None:
    workflow = await make_workflow(client)
    runs = [await make_workflow_execution(client, workflow.metadata.id) for _ in range(4)]
    for number, execution in enumerate(runs):
        started = f"2026-01-0{number + 1}T00:00:00Z"
        await report(client, execution, 1, phase=RUNNING, started_at=started)
        end = f"2026-01-0{number + 1}T00:0{5 - number}:00Z"
        task = _task("pay", "FAILED" if number == 2 else "COMPLETED", attempt=2 if number == 1 else 1)
        phase = "EXECUTION_FAILED" if number == 2 else COMPLETED
        await report(client, execution, 2, phase=phase, completed_at=end, tasks=[task])
    names = {execution.metadata.id: str(number) for number, execution in enumerate(runs)}

    async def listed(**fields: Any) -> str:
        answer = await call(client, "workflow_execution", "list", **fields)
        return "".join(names[item.metadata.id] for item in answer.entries)

    assert await listed() == "3210"
    assert await listed(sort_field="EXECUTION_SORT_FIELD_DURATION", sort_ascending=True) == "3210"
    assert await listed(sort_field="EXECUTION_SORT_FIELD_STARTED_AT", sort_ascending=True) == "0123"
    assert await listed(filter={"phases": ["EXECUTION_FAILED"]}) == "2"
    assert await listed(filter={"failed_task_name": "pay"}) == "2"
    assert await listed(filter={"has_retries": True}) == "1"
    assert await listed(filter={"started_after": "2026-01-03T00:00:00Z"}) == "32"
    assert await listed(filter={"min_duration": "200s", "max_duration": "250s"}) == "1"
    by_workflow = await call(client, "workflow_execution", "listByWorkflow", workflow_id=workflow.metadata.id)
    assert len(by_workflow.entries) == 4
    seen, token = "", ""
    while True:
        page = await call(
            client,
            "workflow_execution",
            "list",
            sort_field="EXECUTION_SORT_FIELD_STARTED_AT",
            page_size=3,
            page_token=token,
        )
        seen += "".join(names[item.metadata.id] for item in page.entries)
        token = page.next_page_token
        if not token:
            break
    assert seen == "3210"


async def _second(client: AsyncClient, turn: Any) -> Any:
    message = resource("agent_execution", "run", {"session_id": turn.spec.session_id, "message": "and then?"})
    return await client.call("agent_execution", "create", message)


async def _starts(app: App) -> list[str]:
    items = await app.repository.due_outbox(100, datetime.now(UTC) + timedelta(days=1))
    return [item.key for item in items if item.topic == "start-execution"]


async def test_the_turns_of_a_session_start_one_after_the_other(app: App, client: AsyncClient, turn: Any) -> None:
    second, third = await _second(client, turn), await _second(client, turn)
    assert second.status.setup_progress.current_phase.startswith(f"queued: waits for {turn.metadata.id}")
    assert await _starts(app) == [turn.metadata.id]
    await report(client, turn, 1, phase="EXECUTION_FAILED", error="no")
    assert await _starts(app) == [turn.metadata.id, second.metadata.id]
    begun = await call(client, "agent_execution", "get", value=second.metadata.id)
    assert not begun.status.HasField("setup_progress")
    with pytest.raises(FailedPrecondition, match=f"busy with {second.metadata.id}"):
        await call(client, "agent_execution", "recover", id=turn.metadata.id)
    await call(client, "agent_execution", "terminate", id=second.metadata.id)
    assert (await _starts(app))[-1] == third.metadata.id


async def test_a_queued_turn_can_be_ended_without_the_turn_before_it(app: App, client: AsyncClient, turn: Any) -> None:
    second, third = await _second(client, turn), await _second(client, turn)
    await call(client, "agent_execution", "terminate", id=second.metadata.id)
    assert await _starts(app) == [turn.metadata.id]
    await report(client, turn, 1, phase="EXECUTION_COMPLETED")
    assert await _starts(app) == [turn.metadata.id, third.metadata.id]


async def test_a_report_of_a_sub_agent_holds_only_what_it_said_anew(client: AsyncClient, turn: Any) -> None:
    def said(**texts: str) -> list[dict[str, str]]:
        return [{"id": message, "content": text} for message, text in texts.items()]

    first = {"id": "t1", "name": "researcher", "status": "SUB_AGENT_IN_PROGRESS", "subject": "moon"}
    await report(client, turn, 1, sub_agent_executions=[{**first, "messages": said(a="one", b="tw")}])
    await report(client, turn, 2, sub_agent_executions=[{**first, "messages": said(b="two", c="three")}])
    ended = {**first, "status": "SUB_AGENT_COMPLETED", "output": "three", "subject": ""}
    await report(client, turn, 3, sub_agent_executions=[ended, {"id": "t2", "messages": said(a="other")}])

    stored = await call(client, "agent_execution", "get", value=turn.metadata.id)
    moon, sun = stored.status.sub_agent_executions
    assert [(message.id, message.content) for message in moon.messages] == [("a", "one"), ("b", "two"), ("c", "three")]
    assert (moon.output, moon.subject) == ("three", "")
    assert [message.content for message in sun.messages] == ["other"]
