"""Runs on real Temporal with the real worker, against an API server over real gRPC."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from runner_documents import HEAD, NESTED, NESTED_SEEN
from runner_peer import agent_reply, make
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from stigmer_api.temporal import (
    CHILD_FINISHED,
    PARENT_LABEL,
    WORKFLOW_EXECUTION,
    ChildFinished,
    decode_callback,
    temporal_workflow_id,
)

IN_PROGRESS, COMPLETED, FAILED, CANCELLED = 2, 3, 4, 5


async def closed(handle: Any) -> WorkflowExecutionStatus | None:
    """The status of a Temporal workflow once it is closed, through every continue-as-new."""
    with contextlib.suppress(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), 30)
    status: WorkflowExecutionStatus | None = (await handle.describe()).status
    return status


async def events_of(handle: Any) -> list[Any]:
    return [event async for event in handle.fetch_history_events()]


async def test_an_execution_runs_from_pending_to_completed_with_its_output(runner: Any) -> None:
    execution, handle = await runner.run(
        HEAD + "do: [{greet: {set: {text: '${ \"Hello \\(.name)\" }'}}}]", {"name": "Ada"}
    )
    status = runner.api.status(execution)
    assert runner.api.output(execution) == {"text": "Hello Ada"}
    assert runner.api.phases(execution) == [IN_PROGRESS, COMPLETED]
    assert status.started_at <= status.completed_at
    assert status.temporal_workflow_id == temporal_workflow_id(WORKFLOW_EXECUTION, execution)
    task = runner.api.tasks(execution)["/do/0/greet"]
    assert (task.task_name, task.kind, task.pointer, task.status, task.attempt) == ("greet", "set", "/do/0/greet", 3, 1)
    assert (json.loads(task.input_json), json.loads(task.output_json)) == ({"name": "Ada"}, {"text": "Hello Ada"})
    assert await handle.result() == {"text": "Hello Ada"}


async def test_an_execution_runs_the_version_that_it_was_created_from(runner: Any) -> None:
    old, new = (
        runner.api.add_workflow(HEAD + f"do: [{{greet: {{set: {{text: {word}}}}}}}]") for word in ("old", "new")
    )
    old.status.version_hash, new.status.version_hash = "a" * 64, "b" * 64
    runner.api.versions["a" * 64] = old
    execution = runner.api.add_execution(new)
    runner.api.status(execution).workflow_version_hash = "a" * 64
    await runner.start(execution)
    await runner.api.ended(execution)
    assert runner.api.output(execution) == {"text": "old"}


async def test_a_trigger_message_is_the_input_of_an_execution_that_has_no_other(runner: Any) -> None:
    document = HEAD + "do: [{told: {set: {text: '${ .message }', from: '${ .metadata.source }'}}}]"
    execution = runner.api.add_execution(runner.api.add_workflow(document))
    spec = runner.api.resources[execution].spec
    spec.trigger_message, spec.trigger_metadata["source"] = "it rang", "door"
    await runner.start(execution)
    await runner.api.ended(execution, 120)
    assert runner.api.output(execution) == {"text": "it rang", "from": "door"}


async def test_events_tell_the_story_in_order_and_each_once(runner: Any) -> None:
    document = HEAD + "do: [{a: {set: {x: 1}}}, {b: {if: 'false', set: {x: 2}}}]"
    execution, _ = await runner.run(document)
    assert runner.api.event_names(execution) == [
        "execution_started",
        "task_started",
        "task_completed",
        "task_skipped",
        "execution_completed",
    ]
    ids = [event.event_id for report in runner.api.reports[execution] for event in report.events]
    assert len(ids) == len(set(ids))
    assert runner.api.tasks(execution)["/do/1/b"].status == 5


async def test_an_uncaught_error_ends_the_execution_as_failed_with_its_text(runner: Any) -> None:
    document = HEAD + (
        "do: [{stop: {raise: {error: {type: 'https://example.com/broke', status: 418, title: Broke, detail: no tea}}}}]"
    )
    execution, handle = await runner.run(document)
    status = runner.api.status(execution)
    assert status.phase == FAILED
    assert status.error == "Broke: no tea (https://example.com/broke, status 418) at /do/0/stop"
    assert runner.api.tasks(execution)["/do/0/stop"].status == 4
    assert await closed(handle) is WorkflowExecutionStatus.FAILED


async def test_a_document_that_is_invalid_fails_with_every_problem_and_its_line(runner: Any) -> None:
    execution, _ = await runner.run(HEAD + "do:\n- a: {set: {x: '${ foo( }'}}\n- b: {fork: {}}\n")
    error = runner.api.status(execution).error
    assert "line 3, /do/0/a/set/x: not a jq expression" in error
    assert "line 4, /do/1/b/fork: needs 'branches'" in error


async def test_uploaded_tasks_run_as_the_same_tree(runner: Any) -> None:
    workflow = make("workflow", "uploaded")
    workflow.spec.document.dsl, workflow.spec.document.namespace = "1.0.0", "tests"
    workflow.spec.document.name, workflow.spec.document.version = "uploaded", "1.0.0"
    task = workflow.spec.tasks.add(name="numbers", kind=6)
    task.task_config.update(
        {"each": "n", "in": "${ .list }", "do": [{"name": "sum", "kind": "set_vars", "task_config": {
            "variables": {"list": "${ .list }", "total": "${ (.total // 0) + $n }"}}}]}
    )  # fmt: skip
    execution = runner.api.add_execution(runner.api.put(workflow), {"list": [1, 2, 3]})
    await runner.start(execution)
    await runner.api.ended(execution)
    assert runner.api.output(execution) == {"list": [1, 2, 3], "total": 6}


async def test_a_failing_http_call_is_retried_by_the_document_and_seen_as_attempts(runner: Any, http: Any) -> None:
    async def flaky(_verb: str, _path: str, _headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        return (503, {"busy": True}) if len(http.requests) < 3 else (200, {"ok": True})

    http.answer = flaky
    document = (
        HEAD
        + f"""
do:
  - steady:
      try: [{{ask: {{call: http, with: {{method: post, endpoint: '{http.url}/x', body: {{a: 1}}}}}}}}]
      catch: {{errors: {{with: {{status: 503}}}}, retry: {{delay: {{milliseconds: 20}}, limit: {{attempt: {{count: 4}}}}}}}}
"""
    )
    execution, _ = await runner.run(document)
    assert runner.api.output(execution) == {"ok": True}
    assert runner.api.event_names(execution).count("task_retrying") == 2
    assert runner.api.tasks(execution)["/do/0/steady/try/0/ask"].attempt == 3
    keys = [headers["idempotency-key"] for _, _, headers, _ in http.requests]
    assert len(set(keys)) == 3  # a retry of the document is a new call


async def test_an_unreachable_host_is_a_communication_error_that_names_the_endpoint(runner: Any) -> None:
    execution, _ = await runner.run(
        HEAD + "do: [{ask: {call: http, with: {method: get, endpoint: 'http://127.0.0.1:1/nothing'}}}]"
    )
    error = runner.api.status(execution).error
    assert "GET http://127.0.0.1:1/nothing" in error
    assert "errors/communication, status 503" in error


async def test_a_thousand_iterations_in_memory_add_no_history(runner: Any) -> None:
    document = HEAD + "do: [{sum: {for: {in: '[range(.n)]'}, do: [{add: {set: {n: 0, t: '${ (.t // 0) + $item }'}}}]}}]"
    few, _ = await runner.run(document, {"n": 3})
    many, handle = await runner.run(document, {"n": 1000})
    assert runner.api.output(many)["t"] == 499500
    await closed(handle)
    assert len(await events_of(handle)) < 25  # loading, at most two or three reports, the end
    assert len(runner.api.tasks(many)) == 1 + 10  # the loop, and its latest iterations
    assert runner.api.output(few)["t"] == 3


async def test_a_run_that_continues_as_new_at_any_depth_gives_the_same_output(stack: Any, http: Any) -> None:
    async with stack.worker():
        plain, _ = await stack.run(NESTED, {"url": http.url})
    expected = len(http.requests)
    async with stack.worker(max_history_events=30):
        forced, handle = await stack.run(NESTED, {"url": http.url})
    assert stack.api.output(plain) == stack.api.output(forced) == {"seen": NESTED_SEEN * 2, "passes": 2}
    assert len(http.requests) == 2 * expected == 12
    first = stack.temporal.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
    assert (await first.describe()).status is WorkflowExecutionStatus.CONTINUED_AS_NEW
    sequences = [report.sequence for report in stack.api.reports[forced]]
    assert sequences == sorted(set(sequences))
    events = [event.event_id for report in stack.api.reports[forced] for event in report.events]
    assert len(events) == len(set(events))
    assert stack.api.event_names(forced).count("execution_started") == 1


async def test_without_a_cache_every_step_replays_and_the_output_is_the_same(stack: Any, http: Any) -> None:
    async with stack.worker(max_cached_workflows=0):
        execution, _ = await stack.run(NESTED, {"url": http.url})
    assert stack.api.output(execution) == {"seen": NESTED_SEEN * 2, "passes": 2}
    assert len(http.requests) == 6


def spawn(stack: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "stigmer_workflow_runner"], env=stack.environment())


async def test_a_killed_runner_loses_nothing_and_repeats_no_finished_call(stack: Any, http: Any) -> None:
    gate = asyncio.Event()

    async def answer(_verb: str, path: str, _headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        if path == "/a?n=0":
            gate.set()
        return 200, {"path": path}

    http.answer = answer
    # Long waits between the calls: the kill falls between two tasks.
    document = NESTED.replace("{wait: {milliseconds: 10}}", "{wait: {milliseconds: 700}}").replace("< 6", "< 3")
    execution = stack.api.add_execution(stack.api.add_workflow(document), {"url": http.url})
    first = spawn(stack)
    try:
        await stack.start(execution)
        await asyncio.wait_for(gate.wait(), 30)
        await stack.api.until(lambda: any(task.task_name == "rest" for task in stack.api.status(execution).tasks))
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    async with stack.worker():
        status = await stack.api.ended(execution, 60)
    assert status.phase == COMPLETED
    assert stack.api.output(execution) == {"seen": NESTED_SEEN, "passes": 1}
    assert [path for _, path, _, _ in http.requests] == NESTED_SEEN


async def test_a_call_cut_off_by_a_kill_is_made_again_with_the_same_key(stack: Any, http: Any) -> None:
    reached, hold = asyncio.Event(), asyncio.Event()

    async def answer(_verb: str, _path: str, _headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        if len(http.requests) == 1:
            reached.set()
            await hold.wait()
        return 200, {"ok": True}

    http.answer = answer
    document = HEAD + f"do: [{{ask: {{call: http, with: {{method: post, endpoint: '{http.url}/once'}}}}}}]"
    execution = stack.api.add_execution(stack.api.add_workflow(document))
    first = spawn(stack)
    try:
        await stack.start(execution)
        await asyncio.wait_for(reached.wait(), 30)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
        hold.set()
    async with stack.worker():
        status = await stack.api.ended(execution, 60)
    assert status.phase == COMPLETED
    keys = {headers["idempotency-key"] for _, _, headers, _ in http.requests}
    assert (len(http.requests), len(keys)) == (2, 1)


async def test_a_runner_told_to_stop_drains_and_ends(stack: Any) -> None:
    process = spawn(stack)
    try:
        await stack.run(HEAD + "do: [{a: {set: {x: 1}}}]")
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 20)
    finally:
        process.kill()
        process.wait()


async def test_a_server_that_is_away_only_delays_a_run(runner: Any) -> None:
    runner.api.away = True
    execution = runner.api.add_execution(runner.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]"))
    await runner.start(execution)
    await runner.api.until(lambda: runner.api.calls.count("workflow_execution.get") >= 2)
    runner.api.away = False
    await runner.api.ended(execution)
    assert runner.api.output(execution) == {"x": 1}


async def test_reports_lost_on_the_way_are_repaired_by_the_next_one(runner: Any, http: Any) -> None:
    async def answer(_verb: str, path: str, _headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        runner.api.away = path == "/lost"
        return 200, {"path": path}

    http.answer = answer
    document = (
        HEAD
        + f"""
do:
  - one: {{call: http, with: {{method: get, endpoint: '{http.url}/lost'}}}}
  - two: {{set: {{x: 1}}}}
  - three: {{wait: {{seconds: 1}}}}
  - four: {{call: http, with: {{method: get, endpoint: '{http.url}/found'}}}}
"""
    )
    execution, _ = await runner.run(document)
    assert [task.status for task in runner.api.tasks(execution).values()] == [3, 3, 3, 3]
    assert runner.api.event_names(execution).count("task_completed") == 4


AGENT = (
    HEAD
    + """
do:
  - ask:
      call: agent
      with: {agent: greeter, message: '${ "Hello, I am \\(.name)" }'}
  - keep: {set: {said: '${ .text }', by: '${ .executionId }'}}
"""
)


async def test_an_agent_call_waits_for_the_signal_and_gives_the_reply(runner: Any) -> None:
    runner.api.put(make("agent", "greeter"))
    created: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def on_create(execution: Any) -> None:
        created.set_result(execution)

    runner.api.on_create = on_create
    execution = runner.api.add_execution(runner.api.add_workflow(AGENT), {"name": "Ada"})
    handle = await runner.start(execution)
    child = await asyncio.wait_for(created, 30)
    assert child.spec.message == "Hello, I am Ada"
    assert child.metadata.labels[PARENT_LABEL] == execution
    assert decode_callback(child.spec.callback_token) == handle.id
    child.status.CopyFrom(agent_reply("Hi Ada!"))
    await runner.temporal.get_workflow_handle(handle.id).signal(CHILD_FINISHED, ChildFinished(child.metadata.id))
    await runner.api.ended(execution)
    assert runner.api.output(execution) == {"said": "Hi Ada!", "by": child.metadata.id}
    names = runner.api.event_names(execution)
    assert names.index("agent_call_started") < names.index("agent_call_completed")
    assert runner.api.tasks(execution)["/do/0/ask"].task_type == 1


async def test_an_agent_that_fails_fails_the_task_with_its_reason(runner: Any) -> None:
    runner.api.put(make("agent", "greeter"))

    async def on_create(execution: Any) -> None:
        execution.status.CopyFrom(agent_reply("", phase=FAILED, error="the model is away"))
        parent = runner.temporal.get_workflow_handle(decode_callback(execution.spec.callback_token))
        await parent.signal(CHILD_FINISHED, ChildFinished(execution.metadata.id))  # before the activity has returned

    runner.api.on_create = on_create
    execution, _ = await runner.run(AGENT, {"name": "Ada"})
    assert "agent greeter" in runner.api.status(execution).error
    assert "the model is away" in runner.api.status(execution).error


async def test_an_agent_that_does_not_exist_is_a_configuration_error(runner: Any) -> None:
    execution, _ = await runner.run(AGENT, {"name": "Ada"})
    assert "starting the agent 'greeter': there is no greeter in local" in runner.api.status(execution).error


async def test_a_workflow_runs_another_one_and_gets_its_output(runner: Any) -> None:
    child = runner.api.add_workflow(HEAD + "do: [{double: {set: {n: '${ .n * 2 }'}}}]", "double")

    created: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def on_create(execution: Any) -> None:
        assert execution.spec.workflow_id == child.metadata.id
        await runner.start(execution.metadata.id)
        created.set_result(execution.metadata.id)

    runner.api.on_create = on_create
    document = HEAD + (
        "do: [{sub: {run: {workflow: {namespace: tests, name: double, version: 1.0.0, input: {n: '${ .n }'}}}}}]"
    )
    execution = runner.api.add_execution(runner.api.add_workflow(document, "parent"), {"n": 21}, "wex-parent")
    handle = await runner.start(execution)
    started = await asyncio.wait_for(created, 30)
    await runner.api.ended(started)
    await runner.temporal.get_workflow_handle(handle.id).signal(CHILD_FINISHED, ChildFinished(started))
    await runner.api.ended(execution)
    assert runner.api.output(execution) == {"n": 42}


@pytest.mark.parametrize("document", [HEAD + "do: [{long: {wait: {hours: 1}}}]", AGENT], ids=["wait", "agent"])
async def test_cancelling_ends_the_execution_as_cancelled_and_its_child_too(runner: Any, document: Any) -> None:
    runner.api.put(make("agent", "greeter"))
    execution = runner.api.add_execution(runner.api.add_workflow(document), {"name": "Ada"})
    handle = await runner.start(execution)
    await runner.api.until(lambda: len(runner.api.status(execution).tasks) == 1)
    if document is AGENT:
        await runner.api.until(lambda: "agent_call_started" in runner.api.event_names(execution))
    await handle.cancel()
    assert (await runner.api.ended(execution)).phase == CANCELLED
    assert len(runner.api.cancelled) == (1 if document is AGENT else 0)
    assert await closed(handle) is WorkflowExecutionStatus.CANCELED


@pytest.mark.parametrize("verb", ["get", "updateStatus"], ids=["while loading", "at the first report"])
async def test_cancelling_an_execution_that_has_hardly_begun_ends_it_as_cancelled(runner: Any, verb: str) -> None:
    execution = runner.api.add_execution(runner.api.add_workflow(HEAD + "do: [{long: {wait: {hours: 1}}}]"))
    runner.api.away_for.add(verb)
    handle = await runner.start(execution)
    await runner.api.until(lambda: f"workflow_execution.{verb}" in runner.api.calls)
    await handle.cancel()
    runner.api.away_for.clear()
    assert (await runner.api.ended(execution)).phase == CANCELLED
    assert await closed(handle) is WorkflowExecutionStatus.CANCELED


async def test_a_task_timeout_interrupts_a_call_and_can_be_caught(runner: Any, http: Any) -> None:
    hold = asyncio.Event()

    async def answer(_verb: str, _path: str, _headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        await hold.wait()
        return 200, {}

    http.answer = answer
    document = (
        HEAD
        + f"""
do:
  - careful:
      try:
        - slow:
            call: http
            with: {{method: get, endpoint: '{http.url}/slow'}}
            timeout: {{after: {{milliseconds: 300}}}}
      catch:
        errors: {{with: {{type: 'https://serverlessworkflow.io/spec/1.0.0/errors/timeout'}}}}
        as: late
        do: [{{note: {{set: {{status: '${{ $late.status }}', at: '${{ $late.instance }}'}}}}}}]
"""
    )
    execution, _ = await runner.run(document)
    hold.set()
    assert runner.api.output(execution) == {"status": 408, "at": "/do/0/careful/try/0/slow"}


async def test_an_expression_that_never_ends_fails_its_run_and_not_the_worker(runner: Any) -> None:
    execution, _ = await runner.run(HEAD + "do: [{burn: {set: {x: '${ [range(1e12)] | length }'}}}]")
    assert "errors/expression, status 400" in runner.api.status(execution).error
    after, _ = await runner.run(HEAD + "do: [{a: {set: {x: 1}}}]")
    assert runner.api.output(after) == {"x": 1}


async def test_keys_keep_their_order_through_calls_and_continue_as_new(stack: Any, http: Any) -> None:
    async def answer(*_: Any) -> tuple[int, Any]:
        return 200, {"b": 1, "a": {"z": 1, "y": 2}, "list": []}

    http.answer = answer
    document = (
        HEAD
        + f"""
do:
  - loop:
      for: {{in: '[range(8)]'}}
      do:
        - ask: {{call: http, input: {{from: '{{}}'}}, with: {{method: get, endpoint: '{http.url}/'}}}}
  - tell: {{set: {{keys: '${{ keys_unsorted + (.a | keys_unsorted) }}', value: '${{ . }}'}}}}
"""
    )
    async with stack.worker(max_history_events=20):
        execution, _ = await stack.run(document)
    assert stack.api.output(execution)["keys"] == ["b", "a", "list", "z", "y"]
    assert stack.api.status(execution).output_json.endswith('"value":{"b":1,"a":{"z":1,"y":2},"list":[]}}')


@pytest.mark.parametrize(
    ("task", "given", "error"),
    [
        ("set: {x: '${ \"a\" * 1500000 }'}", None, "the output of the workflow is larger than 1000000 bytes"),
        (
            "call: http, with: {method: post, endpoint: 'http://127.0.0.1:1/', body: '${ \"a\" * 2000000 }'}",
            None,
            "is larger than 1900000 bytes",
        ),
        (
            "raise: {error: {type: 'https://x', status: 500, detail: '${ \"a\" * 3000000 }'}}",
            None,
            "aaa… (3000000 characters)",
        ),
        ("set: {x: '${ [.x, infinite, nan] }'}", {"x": "\ud800"}, ""),
    ],
    ids=["output", "argument", "error", "text"],
)
async def test_values_that_no_payload_can_hold_end_the_run_clearly(
    stack: Any, task: Any, given: Any, error: Any
) -> None:
    async with stack.worker(claim_check=False):
        execution, handle = await stack.run(HEAD + f"do: [{{t: {{{task}}}}}]", given)
        status = await closed(handle)
    assert error in stack.api.status(execution).error
    assert stack.api.status(execution).phase == (FAILED if error else COMPLETED)
    assert status is not WorkflowExecutionStatus.RUNNING


async def test_many_large_values_fit_into_reports(runner: Any) -> None:
    tasks = ", ".join(f"{{t{i}: {{set: {{x: '${{ \"a\" * 200000 }}'}}}}}}" for i in range(120))
    execution, _ = await runner.run(HEAD + f"do: [{tasks}]")
    reported = runner.api.tasks(execution)
    assert len(reported) == 120
    assert reported["/do/119/t119"].output_json.endswith('(200008 characters)"')
    assert sum(len(task.input_json) + len(task.output_json) for task in reported.values()) < 500_000
