"""What running workflows are given from outside: signals, published events, and answers to tasks that ask people."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server_testing import call, make_workflow, make_workflow_execution, report

from stigmer_api.client import AsyncClient
from stigmer_api.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

if TYPE_CHECKING:
    from stigmer_server.app import App

KIND, EVENTS = "workflow_execution", "stigmer.runtime.v1.EventService"
RUNNING, COMPLETED = "EXECUTION_IN_PROGRESS", "EXECUTION_COMPLETED"
NAN = float("nan")
FORM = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}
ASKED: dict[str, Any] = {
    "id": "ask-1",
    "prompt": "Pay?",
    "outcomes": [{"name": "approve"}, {"name": "deny"}],
    "form_schema_json": json.dumps(FORM),
    "timeout_at": "2030-01-01T00:00:00Z",
}


async def _execution(client: AsyncClient, **spec: Any) -> Any:
    return await make_workflow_execution(client, (await make_workflow(client)).metadata.id, **spec)


async def _signalled(app: App) -> list[dict[str, Any]]:
    """What waits in the outbox as signals, oldest first."""
    items = await app.repository.due_outbox(1000, datetime.now(UTC) + timedelta(days=1))
    rows = sorted((item for item in items if item.topic == "signal-execution"), key=lambda item: item.id)
    return [{"to": item.key, **json.loads(item.payload)} for item in rows]


async def _log(client: AsyncClient, run: Any, name: str) -> list[Any]:
    log = await call(client, KIND, "getEventLog", execution_id=run.metadata.id, page_size=1000)
    return [getattr(event, name) for event in log.events if event.WhichOneof("payload") == name]


async def test_a_signal_is_recorded_and_left_for_delivery_once_per_key(app: App, client: AsyncClient) -> None:
    run = await _execution(client)  # PENDING: it is kept until the run has started
    signal = {"execution_id": run.metadata.id, "signal_name": "go", "payload": {"n": 7, "list": [1, {"x": 1.5}]}}
    for _ in range(3):
        await call(client, KIND, "sendSignal", **signal, idempotency_key="once")
    await asyncio.gather(*(call(client, KIND, "sendSignal", **signal, idempotency_key="twice") for _ in range(4)))
    left = await _signalled(app)
    assert [item["argument"]["id"] for item in left] == ["once", "twice"]
    assert left[0]["signal"] == "stigmer/signal-received"
    assert left[0]["argument"] == {"id": "once", "name": "go", "payload": {"n": 7, "list": [1, {"x": 1.5}]}}
    told = await _log(client, run, "signal_received")
    assert [event.signal_name for event in told] == ["go", "go"]
    assert told[0].payload_summary["n"] == 7
    await call(client, KIND, "sendSignal", **signal)
    await call(client, KIND, "sendSignal", **signal)
    assert len(await _signalled(app)) == 4, "without a key every call is a signal"


async def test_a_signal_to_what_has_ended_or_never_was_is_refused(client: AsyncClient) -> None:
    run = await _execution(client)
    with pytest.raises(NotFound):
        await call(client, KIND, "sendSignal", execution_id="wex-gone", signal_name="go")
    large = {"text": "x" * 300_000}
    with pytest.raises(InvalidArgument, match="payload"):
        await call(client, KIND, "sendSignal", execution_id=run.metadata.id, signal_name="go", payload=large)
    with pytest.raises(InvalidArgument, match="signal_name"):
        await call(client, KIND, "sendSignal", execution_id=run.metadata.id, signal_name="x" * 256)
    with pytest.raises(InvalidArgument, match="payload: is no JSON"):
        await call(client, KIND, "sendSignal", execution_id=run.metadata.id, signal_name="go", payload={"n": NAN})
    key = {"idempotency_key": "event/1"}
    with pytest.raises(InvalidArgument, match="must not begin with 'event/'"):
        await call(client, KIND, "sendSignal", execution_id=run.metadata.id, signal_name="go", **key)
    last = {"execution_id": run.metadata.id, "signal_name": "go", "idempotency_key": "last"}
    await call(client, KIND, "sendSignal", **last)
    await report(client, run, 1, phase=COMPLETED)
    await call(client, KIND, "sendSignal", **last)  # a retry: it was taken
    with pytest.raises(FailedPrecondition, match="has ended") as refused:
        await call(client, KIND, "sendSignal", execution_id=run.metadata.id, signal_name="go")
    assert refused.value.reason == "EXECUTION_ENDED"
    assert len(await _log(client, run, "signal_received")) == 1


async def test_a_recovered_execution_takes_a_signal_again(app: App, client: AsyncClient) -> None:
    run = await _execution(client)
    signal = {"execution_id": run.metadata.id, "signal_name": "go", "idempotency_key": "once"}
    await call(client, KIND, "sendSignal", **signal)
    await report(client, run, 1, phase="EXECUTION_FAILED")
    await call(client, KIND, "recover", id=run.metadata.id)
    for _ in range(2):
        await call(client, KIND, "sendSignal", **signal)
    assert [item["argument"]["id"] for item in await _signalled(app)] == ["once", "once"]


async def test_an_event_reaches_the_running_executions_that_want_events_like_it(app: App, client: AsyncClient) -> None:
    flow = await make_workflow(client)
    orders, all_, other, ended, deaf = [await make_workflow_execution(client, flow.metadata.id) for _ in range(5)]
    wanted = {"attributes": {"type": "order.paid"}}
    await report(client, orders, 1, phase=RUNNING, subscriptions=[{"attributes": {"type": "x"}}, wanted])
    await report(client, all_, 1, phase=RUNNING, subscriptions=[{}])
    await report(
        client, other, 1, phase=RUNNING, subscriptions=[{"attributes": {"type": "order.paid", "source": "/b"}}]
    )
    await report(client, ended, 1, phase=COMPLETED, subscriptions=[wanted])
    await report(client, deaf, 1, phase=RUNNING)
    event = {"specversion": "1.0", "id": "e1", "source": "/a", "type": "order.paid", "data": {"n": 1}}
    for _ in range(2):  # the second time is a retry of the emitting activity
        answer = await call(client, EVENTS, "Publish", event_json=json.dumps(event), request_id="r1")
        assert answer.listeners == 2
    left = await _signalled(app)
    assert sorted(item["to"] for item in left) == sorted([orders.metadata.id, all_.metadata.id])
    assert left[0]["argument"] == {"id": "event/r1", "name": "order.paid", "payload": event}
    assert [item.signal_name for item in await _log(client, orders, "signal_received")] == ["order.paid"]
    nobody = await call(client, EVENTS, "Publish", org="elsewhere", event_json=json.dumps(event))
    assert nobody.listeners == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense", "is no JSON"),
        ("[1]", "must be a JSON object"),
        ('{"id": "1", "type": "t", "source": "s"}', "'specversion' must be text"),
        ('{"id": "1", "type": 4, "source": "s", "specversion": "1.0"}', "'type' must be text"),
        (json.dumps({"data": "x" * 300_000}), "at most"),
    ],
)
async def test_what_is_no_event_is_refused_with_the_reason(client: AsyncClient, text: str, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why) as refused:
        await call(client, EVENTS, "Publish", event_json=text)
    assert refused.value.violations[0].field == "event_json"


async def _asking(client: AsyncClient, **asked: Any) -> Any:
    run = await _execution(client)
    await report(client, run, 1, phase=RUNNING, tasks=[_task("/do/0/pay", "pay", {**ASKED, **asked})])
    return run


def _task(task_id: str, name: str, asked: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "task_name": name,
        "status": "WORKFLOW_TASK_WAITING_APPROVAL",
        "started_at": "2026-01-01T00:00:00Z",
        "ui_hint": "card",
        "human_request": asked,
        **more,
    }


async def _answer(client: AsyncClient, run: Any, **fields: Any) -> Any:
    given = {"task_name": "pay", "outcome": "approve", "form_data": {"amount": 3}, **fields}
    return await call(client, KIND, "submitWorkflowTaskApproval", execution_id=run.metadata.id, **given)


@pytest.mark.parametrize(
    "form", ["{", "[]", "7", '{"type": 7}', '{"const": NaN}', '{"const": 1' + "0" * 400 + "}", "[" * 10_000]
)
async def test_a_question_that_no_form_can_be_read_from_is_listed_without_it_and_takes_no_answer(
    client: AsyncClient, form: str
) -> None:
    asked = {**ASKED, "form_schema_json": form, "timeout_at": "soon"}
    run = await _execution(client)
    await report(client, run, 1, phase=RUNNING, tasks=[_task("/do/0/pay", "pay", asked, started_at="early")])
    [entry] = (await call(client, KIND, "listPendingApprovals", org="local")).entries
    assert not entry.form_schema
    assert not entry.HasField("timeout_at")
    with pytest.raises((FailedPrecondition, InvalidArgument), match=r"form.*schema"):
        await _answer(client, run)


async def test_an_answer_is_checked_recorded_and_passed_on_once(app: App, client: AsyncClient) -> None:
    run = await _asking(client)
    listed = await call(client, KIND, "listPendingApprovals", org="local")
    assert [(item.task_name, item.ui_hint) for item in listed.entries] == [("pay", "card")]
    assert listed.entries[0].timeout_at.ToJsonString() == "2030-01-01T00:00:00Z"
    assert listed.entries[0].form_schema["required"] == ["amount"]
    for wrong, why in (
        ({"outcome": "maybe"}, "use one of approve, deny"),
        ({"form_data": {"amount": "three"}}, "form_data.amount"),
        ({"form_data": {}}, "amount"),
    ):
        with pytest.raises(InvalidArgument, match=why):
            await _answer(client, run, **wrong)
    for _ in range(2):
        after = await _answer(client, run, comment="fine", reviewer="ada")
        assert after.status.tasks[0].human_answer.outcome == "approve"
    with pytest.raises(FailedPrecondition, match="answered already: 'approve' by ada"):
        await _answer(client, run, outcome="deny")
    assert (await call(client, KIND, "listPendingApprovals", org="local")).total_count == 0
    [told] = [item["argument"] for item in await _signalled(app)]
    assert told == {
        "id": "ask-1",
        "task_id": "/do/0/pay",
        "outcome": "approve",
        "form": {"amount": 3},
        "comment": "fine",
        "reviewer": "ada",
    }
    [event] = await _log(client, run, "approval_resolved")
    assert (event.outcome, event.resolved_by, event.comment) == ("approve", "ada", "fine")
    assert event.wait_duration_ms > 0


async def test_an_answer_outlasts_a_repeated_report_that_the_task_waits(client: AsyncClient) -> None:
    run = await _asking(client)
    await _answer(client, run)
    again = await report(client, run, 2, tasks=[_task("/do/0/pay", "pay", ASKED)])
    assert again.status.tasks[0].human_answer.outcome == "approve"
    asked_anew = await report(client, run, 3, tasks=[_task("/do/0/pay", "pay", {**ASKED, "id": "ask-2"})])
    assert not asked_anew.status.tasks[0].HasField("human_answer")
    await _answer(client, run, outcome="deny")
    done = {"task_id": "/do/0/pay", "task_name": "pay", "status": "WORKFLOW_TASK_COMPLETED"}
    assert not (await report(client, run, 4, tasks=[done])).status.tasks[0].HasField("human_answer")
    with pytest.raises(FailedPrecondition, match="waits for no answer"):
        await _answer(client, run)


async def test_only_its_approvers_answer_a_task(client: AsyncClient) -> None:
    run = await _asking(client, approvers=["ada", "grace"])
    for reviewer in ("", "eve"):
        with pytest.raises(PermissionDenied, match="its approvers are ada, grace"):
            await _answer(client, run, reviewer=reviewer)
    assert (await _answer(client, run, reviewer="grace")).status.tasks[0].human_answer.reviewer == "grace"


async def test_an_answer_that_comes_too_late_is_refused(client: AsyncClient) -> None:
    run = await _asking(client, timeout_at="2026-01-01T00:00:01Z")
    with pytest.raises(FailedPrecondition, match="could be answered until 2026-01-01T00:00:01Z") as refused:
        await _answer(client, run)
    assert refused.value.reason == "APPROVAL_TIMED_OUT"


async def test_tasks_of_one_name_are_told_apart_by_their_ids(app: App, client: AsyncClient) -> None:
    run = await _execution(client)
    tasks = [_task(f"/do/0/fork/branches/{n}/pay", "pay", {**ASKED, "id": f"ask-{n}"}) for n in range(2)]
    await report(client, run, 1, phase=RUNNING, tasks=tasks)
    with pytest.raises(FailedPrecondition, match=r"several tasks 'pay' wait.*branches/0/pay, .*branches/1/pay"):
        await _answer(client, run)
    await _answer(client, run, task_name="/do/0/fork/branches/1/pay")
    await _answer(client, run)  # one is left
    assert [item["argument"]["id"] for item in await _signalled(app)] == ["ask-1", "ask-0"]


async def test_what_asks_nothing_takes_no_answer(client: AsyncClient) -> None:
    run = await _execution(client)
    with pytest.raises(FailedPrecondition, match="waits for no answer") as refused:
        await _answer(client, run)
    assert refused.value.reason == "APPROVAL_NOT_PENDING"
    await report(client, run, 1, phase=RUNNING, tasks=[_task("/do/0/pay", "pay", ASKED)])
    with pytest.raises(FailedPrecondition, match="waits for an answer to pay"):
        await _answer(client, run, task_name="other")
    await report(client, run, 2, phase=COMPLETED)
    with pytest.raises(FailedPrecondition, match="has ended"):
        await _answer(client, run)
