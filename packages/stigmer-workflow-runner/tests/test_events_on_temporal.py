"""Branches, events and questions to people on real Temporal: through restarts, pauses and forced continue-as-new."""

# ruff: noqa: E501 - a document reads better on one line

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
from runner_documents import BRANCHES, HEAD
from runner_peer import HttpService, make

from stigmer_api.temporal import (
    SET_PAUSED,
    SIGNAL_RECEIVED,
    TASK_ANSWERED,
    PauseState,
    SignalReceived,
    TaskAnswered,
)

COMPLETED, CANCELLED, PAUSED, WAITING = 3, 5, 7, 6


async def started(stack: Any, document: str, given: Any = None) -> tuple[str, Any]:
    execution = stack.api.add_execution(stack.api.add_workflow(HEAD + document), given, f"wex-{os.urandom(6).hex()}")
    return execution, await stack.start(execution)


async def runs(handle: Any) -> bool:
    """Whether the execution has gone on in a further Temporal run."""
    return bool((await handle.describe()).run_id != handle.first_execution_run_id)


FORK_OUTPUT = {"all": [{"path": "/left/3"}, ["/again", "b"], {"up": True}], "done": 1}
FORK_PATHS = ["/a", "/again", "/left/1", "/left/2", "/left/3"]


@pytest.mark.parametrize("settings", [{}, {"max_history_events": 25, "max_cached_workflows": 0}], ids=["once", "cut"])
async def test_branches_go_on_in_any_depth_and_repeat_nothing(stack: Any, http: HttpService, settings: Any) -> None:
    async with stack.worker(**settings):
        execution, handle = await started(stack, BRANCHES, {"url": http.url})
        await stack.api.ended(execution)
    assert stack.api.output(execution) == FORK_OUTPUT
    assert sorted(path for _, path, _, _ in http.requests) == FORK_PATHS
    assert await runs(handle) == bool(settings)
    entries = stack.api.tasks(execution)
    assert entries["/do/1/both"].task_type == 5
    assert entries["/do/1/both/fork/branches/1/right/fork/branches/0/a/do/2/again"].status == COMPLETED


async def test_many_calls_run_side_by_side_and_no_more_than_allowed(runner: Any, http: HttpService) -> None:
    at_once, most = 0, 0

    async def answer(_verb: str, path: str, _headers: Any, _body: bytes) -> tuple[int, Any]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)  # what the service takes, so that calls overlap
        at_once -= 1
        return 200, {"path": path}

    http.answer = answer
    branches = [
        {f"b{n}": {"call": "http", "with": {"method": "get", "endpoint": f"{http.url}/{n}"}}} for n in range(60)
    ]
    document = f"do: [{{f: {{fork: {{branches: {json.dumps(branches)}}}, metadata: {{concurrency: 8}}}}}}]"
    execution, _ = await started(runner, document)
    await runner.api.ended(execution)
    assert [item["path"] for item in runner.api.output(execution)] == [f"/{n}" for n in range(60)]
    assert 2 <= most <= 8


async def test_the_losers_of_a_race_are_cancelled_with_what_they_started(runner: Any) -> None:
    runner.api.put(make("agent", "greeter"))
    document = "do: [{f: {fork: {compete: true, branches: [{ask: {call: agent, with: {agent: greeter, message: Hi}}}, {hear: {listen: {to: {any: [{with: {type: never}}]}}}}, {fast: {do: [{rest: {wait: {milliseconds: 300}}}, {won: {set: {won: true}}}]}}]}}}]"
    execution, _ = await started(runner, document)
    await runner.api.ended(execution)
    assert runner.api.output(execution) == {"won": True}
    [child] = [item for item in runner.api.resources.values() if item.kind == "AgentExecution"]
    assert runner.api.cancelled == [child.metadata.id]
    skipped = [task.task_name for task in runner.api.status(execution).tasks if task.status == 5]
    assert skipped == ["ask", "hear"]


async def test_a_run_is_cancelled_while_its_branches_wait_for_everything(runner: Any) -> None:
    document = "do: [{f: {fork: {branches: [{a: {wait: {hours: 1}}}, {b: {listen: {to: {any: []}}}}, {c: {call: human, with: {prompt: Go?}}}, {d: {try: [{w: {wait: {hours: 1}}}], catch: {}}}]}}}]"
    execution, handle = await started(runner, document)
    await runner.api.until(lambda: any(task.status == WAITING for task in runner.api.status(execution).tasks))
    await handle.cancel()
    await runner.api.ended(execution)
    assert runner.api.status(execution).phase == CANCELLED
    assert not any(task.status == WAITING for task in runner.api.status(execution).tasks)


async def test_a_pause_holds_every_branch_and_all_go_on(runner: Any) -> None:
    branch = "{for: {in: '[range(4)]'}, do: [{w: {wait: {milliseconds: 60}}}, {s: {set: {n: '${ $item }'}}}]}"
    document = f"do: [{{f: {{fork: {{branches: [{{a: {branch}}}, {{b: {branch}}}, {{c: {{listen: {{to: {{any: []}}}}}}}}]}}}}}}]"
    execution, handle = await started(runner, document)
    await handle.signal(SET_PAUSED, PauseState(paused=True, number=1))
    await runner.api.until(lambda: runner.api.status(execution).phase == PAUSED)
    await handle.signal(SIGNAL_RECEIVED, SignalReceived("s1", "go", {"x": 1}))
    await handle.signal(SET_PAUSED, PauseState(paused=False, number=2))
    await runner.api.ended(execution)
    assert runner.api.output(execution) == [{"n": 3}, {"n": 3}, [{"x": 1}]]
    names = runner.api.event_names(execution)
    assert (names.count("execution_paused"), names.count("execution_resumed")) == (1, 1)


LISTEN = """
do:
- rest: {wait: {milliseconds: 300}}
- first: {listen: {to: {one: {with: {signalname: go}}}}}
- rest2:
    for: {in: '[range(6)]'}
    do: [{w: {wait: {milliseconds: 5}}}]
- each:
    listen: {to: {any: [{with: {type: item}}], until: '. | length == 4'}}
    foreach: {item: e, do: [{w: {wait: {milliseconds: 5}}}, {get: {call: http, with: {method: get, endpoint: '${ $e.url }'}}}], output: {as: .path}}
"""


async def test_signals_are_kept_through_restarts_and_continue_as_new(stack: Any, http: HttpService) -> None:
    def signal(key: str, name: str, payload: Any) -> SignalReceived:
        return SignalReceived(key, name, payload)

    settings = {"max_history_events": 20, "sticky_seconds": 0.3}
    async with stack.worker(**settings):
        execution, handle = await started(stack, LISTEN)
        await handle.signal(SIGNAL_RECEIVED, signal("i0", "item", {"url": f"{http.url}/0"}))  # nobody listens yet
        for _ in range(2):
            await handle.signal(SIGNAL_RECEIVED, signal("g", "go", {"n": 1}))
        each = "/do/3/each/foreach/do/1/get#0"
        await stack.api.until(
            lambda: each in stack.api.tasks(execution) and stack.api.tasks(execution)[each].status == COMPLETED
        )
    for n in (0, 1, 2):  # no runner is there
        await handle.signal(SIGNAL_RECEIVED, signal(f"i{n}", "item", {"url": f"{http.url}/{n}"}))
    async with stack.worker(**settings):
        event = {"specversion": "1.0", "id": "e", "source": "/s", "type": "item", "data": {"url": f"{http.url}/3"}}
        await handle.signal(SIGNAL_RECEIVED, signal("event/3", "item", event))
        await stack.api.ended(execution)
    assert stack.api.output(execution) == ["/0", "/1", "/2", "/3"]
    assert [path for _, path, _, _ in http.requests] == ["/0", "/1", "/2", "/3"]
    assert await runs(handle)
    assert [dict(item.attributes) for item in stack.api.status(execution).subscriptions] == [{"type": "item"}]


async def test_what_is_emitted_is_published_once_however_often_the_server_was_away(runner: Any) -> None:
    document = "do: [{f: {fork: {branches: [{hear: {listen: {to: {one: {with: {type: news, data: {n: 1}}}}}}}, {tell: {emit: {event: {with: {type: news, data: {n: 1}}}}}}]}, output: {as: '.[0]'}}}]"
    runner.api.away_for.add("Publish")
    execution, handle = await started(runner, document)

    async def deliver(key: str, event: Any) -> None:
        await handle.signal(SIGNAL_RECEIVED, SignalReceived(f"event/{key}", event["type"], event))

    runner.api.on_publish = deliver
    await runner.api.until(lambda: runner.api.calls.count("stigmer.runtime.v1.EventService.Publish") > 1)
    runner.api.away_for.clear()
    await runner.api.ended(execution)
    assert runner.api.output(execution) == [{"n": 1}]
    [(key, event)] = runner.api.published.items()
    assert key.startswith(f"{execution}/")
    assert event["source"] == "/tests/flow/1.0.0"
    assert "event_emitted" in runner.api.event_names(execution)


async def test_a_person_answers_after_a_restart_and_only_the_first_answer_counts(stack: Any) -> None:
    document = "do: [{ask: {call: human, with: {prompt: '${ \"Pay \\(.n)?\" }', form: {type: object}, approvers: [ada], payload: {n: '${ .n }'}, uiHint: card, timeout: PT1H, outcomes: [{name: yes, label: Pay}, {name: deny, then: end}]}}}, {done: {set: {said: '${ .outcome }', form: '${ .data }', by: '${ .reviewer }'}}}]"
    async with stack.worker():
        execution, handle = await started(stack, document, {"n": 7})
        await stack.api.until(lambda: any(task.status == WAITING for task in stack.api.status(execution).tasks))
    task = stack.api.tasks(execution)["/do/0/ask"]
    asked = task.human_request
    assert (task.task_type, task.kind, task.ui_hint, asked.prompt) == (2, "call human", "card", "Pay 7?")
    assert (json.loads(asked.form_schema_json), json.loads(asked.payload_json)) == ({"type": "object"}, {"n": 7})
    assert [(item.name, item.label) for item in asked.outcomes] == [("yes", "Pay"), ("deny", "")]
    assert asked.timeout_at
    for outcome in ("yes", "deny"):
        answer = TaskAnswered(asked.id, "/do/0/ask", outcome, {"amount": 7}, "fine", "ada")
        await handle.signal(TASK_ANSWERED, answer)
    async with stack.worker():
        await stack.api.ended(execution)
    assert stack.api.output(execution) == {"said": "yes", "form": {"amount": 7}, "by": "ada"}
    [event] = [item for item in stack.api.events[execution].values() if item.HasField("approval_requested")]
    assert event.approval_requested.prompt == "Pay 7?"
    assert event.approval_requested.timeout_seconds == 3600


async def test_an_answer_that_the_server_took_in_time_is_read_when_its_signal_is_late(runner: Any) -> None:
    document = "do: [{ask: {call: human, with: {prompt: Go?, timeout: PT2S}, output: {as: '{outcome, data}'}}}]"
    execution, handle = await started(runner, document)
    await runner.api.until(lambda: any(task.status == WAITING for task in runner.api.status(execution).tasks))
    task = runner.api.tasks(execution)["/do/0/ask"]
    task.human_answer.request_id, task.human_answer.outcome = task.human_request.id, "approve"
    task.human_answer.form_json = '{"n": 1}'
    await runner.api.ended(execution)
    assert runner.api.output(execution) == {"outcome": "approve", "data": {"n": 1}}
    await handle.result()
