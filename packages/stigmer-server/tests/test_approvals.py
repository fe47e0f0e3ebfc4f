"""Approvals of agents' tool calls: recorded once, never mixed up, kept against older reports, shown at the workflow."""

from __future__ import annotations

import json
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

from stigmer_api.client import AsyncClient
from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound

if TYPE_CHECKING:
    from stigmer_server.app import App

RUNNING, WAITING = "EXECUTION_IN_PROGRESS", "EXECUTION_WAITING_FOR_APPROVAL"
COMPLETED, PAUSED = "EXECUTION_COMPLETED", "EXECUTION_PAUSED"


def pending(*calls: str, **more: Any) -> list[dict[str, Any]]:
    """Pending approvals as a runner reports them."""
    return [{"tool_call_id": name, "tool_name": "shell", "message": "changes files", **more} for name in calls]


def turn(*calls: str) -> list[dict[str, Any]]:
    """The message that wants these calls, as a runner reports it whole."""
    return [{"id": "turn-0", "type": "MESSAGE_AI", "tool_calls": [{"id": name, "name": "shell"} for name in calls]}]


async def waiting(client: AsyncClient, *calls: str, **metadata: Any) -> Any:
    """An execution that waits for answers to calls."""
    agent = await make_agent(client, f"agent-{len(calls)}-{len(metadata)}")
    message = resource("agent_execution", "run", {"agent_id": agent.metadata.id, "message": "hello"}, **metadata)
    run = await client.call("agent_execution", "create", message)
    await report(client, run, 1, phase=WAITING, pending_approvals=pending(*calls), messages=turn(*calls))
    return run


async def answer(client: AsyncClient, run: Any, tool_call: str, action: str = "APPROVE", **more: Any) -> Any:
    """Answer one call of an agent or workflow execution."""
    kind, key = ("agent_execution", "agent_execution_id")
    if run.kind == "WorkflowExecution":
        kind, key = ("workflow_execution", "execution_id")
    fields = {key: run.metadata.id, "tool_call_id": tool_call, "action": f"APPROVAL_ACTION_{action}", **more}
    return await call(client, kind, "submitApproval", **fields)


async def stored(client: AsyncClient, run: Any) -> Any:
    """The status as it is stored."""
    kind = "agent_execution" if run.kind == "AgentExecution" else "workflow_execution"
    return (await call(client, kind, "get", value=run.metadata.id)).status


def recorded(status: Any) -> list[tuple[str, int]]:
    """The record of questions and answers."""
    return [(event.approval_request_id, event.event_type) for event in status.approval_event_stream.events]


def still(status: Any) -> list[str]:
    """What is still pending."""
    return [item.tool_call_id for item in status.pending_approvals]


async def nudges(app: App) -> list[dict[str, Any]]:
    """The decisions that Temporal is to be told of."""
    items = await app.repository.due_outbox(100, datetime.now(UTC) + timedelta(days=1))
    payloads = [json.loads(item.payload) for item in items if item.topic == "signal-execution"]
    return [payload["argument"] for payload in payloads if payload["signal"] == "stigmer/approval-decided"]


async def test_a_decision_is_recorded_with_its_call_and_passed_on_without_arguments(
    app: App, client: AsyncClient
) -> None:
    run = await waiting(client, "t1", "t2")
    edited = '{"command":"ls"}'
    answered = await answer(client, run, "t1", comment="only look", edited_args_json=edited)
    assert still(answered.status) == ["t2"]
    first, second = answered.status.messages[0].tool_calls
    assert (first.approval_action, first.approved_by, bool(first.approval_decided_at)) == (1, "local", True)
    assert second.approval_action == 0
    assert recorded(answered.status) == [("t1", 1), ("t2", 1), ("t1", 2)]
    decision = answered.status.approval_event_stream.events[2].decided
    assert (decision.comment, decision.edited_args_json, decision.decided_by) == ("only look", edited, "local")
    assert await nudges(app) == [{"tool_call_id": "t1", "number": 3}]


async def test_the_same_answer_again_changes_nothing_and_another_one_is_refused(app: App, client: AsyncClient) -> None:
    run = await waiting(client, "t1", "t2")
    once = await answer(client, run, "t1", "REJECT")
    assert await answer(client, run, "t1", "REJECT") == once
    for action, more in (("APPROVE", {}), ("SKIP", {}), ("APPROVE", {"edited_args_json": "{}"})):
        with pytest.raises(FailedPrecondition, match="answered already: reject by local") as refused:
            await answer(client, run, "t1", action, **more)
        assert refused.value.reason == "APPROVAL_ALREADY_DECIDED"
    assert len(await nudges(app)) == 1
    await report(client, run, 2, phase=COMPLETED)
    assert recorded(await stored(client, run)) == [("t1", 1), ("t2", 1), ("t1", 3), ("t2", 5)]
    await answer(client, run, "t1", "REJECT")
    with pytest.raises(FailedPrecondition, match="has ended"):
        await answer(client, run, "t2")


async def test_a_report_that_did_not_know_a_decision_takes_nothing_of_it_away(client: AsyncClient) -> None:
    run = await waiting(client, "t1", "t2")
    await answer(client, run, "t1", "SKIP")
    await report(client, run, 2, phase=WAITING, pending_approvals=pending("t1", "t2"), messages=turn("t1", "t2"))
    await report(client, run, 3, phase=PAUSED)
    status = await stored(client, run)
    assert still(status) == ["t2"]
    assert [item.approval_action for item in status.messages[0].tool_calls] == [2, 0]
    assert recorded(status) == [("t1", 1), ("t2", 1), ("t1", 4)]
    await report(client, run, 4, phase=RUNNING)
    assert recorded(await stored(client, run))[-1] == ("t2", 5)


async def test_approve_all_answers_what_is_pending_but_not_whether_to_repeat_a_call(client: AsyncClient) -> None:
    run = await waiting(client, "t1", "t2")
    await report(
        client, run, 2, phase=WAITING, pending_approvals=[*pending("t1", "t2"), *pending("t3", request_id="t3/retry-1")]
    )
    status = (await answer(client, run, "t2", "APPROVE_ALL")).status
    assert still(status) == ["t3"]
    assert recorded(status)[-2:] == [("t2", 2), ("t1", 2)]


async def test_a_call_that_is_asked_about_again_takes_another_answer(client: AsyncClient) -> None:
    run = await waiting(client, "t1")
    await answer(client, run, "t1")
    await report(client, run, 2, phase=WAITING, pending_approvals=pending("t1", request_id="t1/retry-1"))
    status = (await answer(client, run, "t1", "SKIP")).status
    assert recorded(status) == [("t1", 1), ("t1", 2), ("t1/retry-1", 1), ("t1/retry-1", 4)]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"edited_args_json": "[1]"}, "must be a JSON object"),
        ({"edited_args_json": "{"}, "must be a JSON object"),
        ({"edited_args_json": "[" * 20_000}, "must be a JSON object"),
        ({"edited_args_json": "{}", "action": "SKIP"}, "needs the action APPROVE"),
        ({"action": "UNSPECIFIED"}, "action"),
    ],
)
async def test_a_bad_answer_names_its_field_and_decides_nothing(
    client: AsyncClient, fields: dict[str, str], text: str
) -> None:
    run = await waiting(client, "t1")
    with pytest.raises(InvalidArgument, match=text):
        await answer(client, run, "t1", **fields)
    assert still(await stored(client, run)) == ["t1"]


async def test_an_answer_that_nobody_awaits_is_refused_with_what_is_awaited(client: AsyncClient) -> None:
    flow = await make_workflow_execution(client, (await make_workflow(client)).metadata.id)
    run = await waiting(client, "t1")
    for execution, text in ((run, "waits for an answer to t1"), (flow, "waits for no answer")):
        with pytest.raises(FailedPrecondition, match=text) as refused:
            await answer(client, execution, "t9")
        assert refused.value.reason == "APPROVAL_NOT_PENDING"
    run.metadata.id = "aex-gone"
    with pytest.raises(NotFound):
        await answer(client, run, "t1")


async def test_what_an_agent_waits_for_is_shown_and_answered_at_the_workflows_above_it(
    app: App, client: AsyncClient
) -> None:
    flow = await make_workflow(client)
    top = await make_workflow_execution(client, flow.metadata.id)
    middle_message = resource(
        "workflow_execution",
        "middle",
        {"workflow_id": flow.metadata.id},
        labels={"stigmer.ai/parent-execution": top.metadata.id},
    )
    middle = await client.call("workflow_execution", "create", middle_message)
    run = await waiting(client, "t1", "t2", labels={"stigmer.ai/parent-execution": middle.metadata.id})
    for above in (top, middle):
        shown = (await stored(client, above)).pending_approvals
        assert [(item.approval.tool_call_id, item.child_agent_execution_id) for item in shown] == [
            ("t1", run.metadata.id),
            ("t2", run.metadata.id),
        ]
    answered = await answer(client, top, "t2", "REJECT")
    assert [item.approval.tool_call_id for item in answered.status.pending_approvals] == ["t1"]
    assert still(await stored(client, run)) == ["t1"]
    assert await answer(client, top, "t2", "REJECT") == answered
    with pytest.raises(FailedPrecondition, match="answered already"):
        await answer(client, top, "t2", "APPROVE")
    assert len(await nudges(app)) == 1
    await call(client, "agent_execution", "terminate", id=run.metadata.id)
    for above in (top, middle):
        assert not (await stored(client, above)).pending_approvals


async def test_nothing_is_pending_any_more_in_what_has_ended(client: AsyncClient) -> None:
    agent = await make_agent(client)
    run = await make_agent_execution(client, agent.metadata.id)
    await report(client, run, 1, phase=WAITING, pending_approvals=pending("t1", from_sub_agent=True))
    await call(client, "agent_execution", "terminate", id=run.metadata.id)
    status = await stored(client, run)
    assert not status.pending_approvals
    assert status.approval_event_stream.events[-1].retracted.reason == 1
