"""Records the histories that `test_replay.py` replays and that are not there yet. Run it when a scenario is added:

    uv run --no-sync python packages/stigmer-workflow-runner/tests/record_histories.py

Names of histories as arguments record those only. A recorded history is a promise to executions that run while the
runner is upgraded. When behaviour has to change, guard it with `workflow.patched`, or by something that loading
records, and keep the old histories in `histories/earlier`.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from durability_corpus import CORPUS
from runner_documents import BRANCHES, CALLS, HEAD, NESTED
from runner_peer import ApiServer, HttpService, agent_reply, make
from runner_services import Everybody, Notifier, a2a_agent, greeter, hosts
from runner_testing import Stack, dev_server, wait_for_temporal
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from stigmer_api.temporal import (
    CHILD_FINISHED,
    EVENT_RECEIVED,
    SET_PAUSED,
    SIGNAL_RECEIVED,
    STOP_AWAITING,
    TASK_ANSWERED,
    WORKFLOW_AWAIT,
    WORKFLOW_FIRE,
    ChildFinished,
    EventReceived,
    PauseState,
    SignalReceived,
    TaskAnswered,
    WorkflowAwait,
    WorkflowFire,
    decode_callback,
)

HISTORIES = Path(__file__).parent / "histories"
PAUSED = 7
WAITING = 6
PORT = 39_877  # fixed, so that recording again changes as little as possible


async def record(stack: Stack, name: str, handle: WorkflowHandle[Any, Any], run_id: str | None = None) -> None:
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    if (HISTORIES / f"{name}.json").exists():
        return
    history = await stack.temporal.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
    text = re.sub(r'"stackTrace": "(?:[^"\\]|\\.)*"', '"stackTrace": ""', history.to_json())
    text = re.sub(r'"\d+@[^"]*"', '"recorder"', text)  # nothing of the machine it was made on
    (HISTORIES / f"{name}.json").write_text(text + "\n")


async def finished(stack: Stack, document: str, given: Any = None, **settings: Any) -> WorkflowHandle[Any, Any]:
    async with stack.worker(**settings):
        _, handle = await stack.run(document, given)
        await asyncio.wait([asyncio.ensure_future(handle.result())])
    return handle


async def paused_and_resumed(stack: Stack) -> WorkflowHandle[Any, Any]:
    async with stack.worker():
        document = HEAD + "do: [{rest: {wait: {milliseconds: 200}}}, {a: {set: {x: 1}}}]"
        execution = stack.api.add_execution(stack.api.add_workflow(document), None)
        handle = await stack.start(execution)
        await handle.signal(SET_PAUSED, PauseState(paused=True, number=1))
        await stack.api.until(lambda: stack.api.status(execution).phase == PAUSED, 30)
        await handle.signal(SET_PAUSED, PauseState(paused=False, number=2))
        await handle.result()
    return handle


async def listened(stack: Stack) -> WorkflowHandle[Any, Any]:
    async with stack.worker():
        document = (
            HEAD
            + "do: [{hear: {listen: {to: {all: [{with: {signalname: a}}, {with: {signalname: b}}]}},"
            + " foreach: {do: [{rest: {wait: {milliseconds: 5}}}, {put: {set: {n: '${ $item.n }'}}}]}}},"
            + " {tell: {emit: {event: {with: {type: told, data: '${ . }'}}}}}]"
        )
        handle = await stack.start(stack.api.add_execution(stack.api.add_workflow(document), None))
        for name in ("b", "c", "a"):
            await handle.signal(SIGNAL_RECEIVED, SignalReceived(name, name, {"n": name}))
        await handle.result()
    return handle


async def answered(stack: Stack) -> WorkflowHandle[Any, Any]:
    async with stack.worker():
        document = (
            HEAD + "do: [{ask: {call: human, with: {prompt: Go?, timeout: PT1H}}}, {a: {set: {x: '${ .data }'}}}]"
        )
        execution = stack.api.add_execution(stack.api.add_workflow(document), None)
        handle = await stack.start(execution)
        await stack.api.until(lambda: any(task.status == WAITING for task in stack.api.status(execution).tasks))
        request = stack.api.tasks(execution)["/do/0/ask"].human_request.id
        await handle.signal(TASK_ANSWERED, TaskAnswered(request, "/do/0/ask", "approve", {"n": 1}))
        await handle.result()
    return handle


async def called(stack: Stack, http: HttpService, **settings: Any) -> WorkflowHandle[Any, Any]:
    """A run with every kind of call, its secrets among the variables of the execution."""
    async with Notifier([{"n": n} for n in range(3)]).serve() as notifier, greeter(reflection=True) as (port, _):
        everybody = Everybody(http.url, notifier)

        async def answer(verb: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
            if path == "/fake.com/function.yaml":
                return 200, {"do": [{"loud": {"set": {"name": "${ .name | ascii_upcase }"}}}]}
            return await (a2a_agent if path.endswith("/a2a") else everybody.answer)(verb, path, headers, body)

        echo, http.answer = http.answer, answer
        places = {**hosts(http.url), "grpc://greeter:1": f"grpc://127.0.0.1:{port}"}
        async with stack.worker(http_host_map=places, **settings):
            execution = stack.api.add_execution(stack.api.add_workflow(HEAD + CALLS), None)
            stack.api.variables[execution] = {"key": ("sesame-key", True), "KEY": ("sesame-key", True)}
            handle = await stack.start(execution)
            assert await handle.result() == {"status": 404, "last": 2}
        http.answer = echo
    return handle


ASKING = """
do:
  - name:
      call: llm
      with: {model: openai:gpt-5, prompt: Who?, output: {schema: {type: object, required: [name]}, onInvalid: retry}}
  - check:
      call: validate
      with: {value: '${ .structured }', rules: [{name: ada, expression: .name == "Ada"}]}
  - tell: {call: notify, with: {channel: ops, body: '${ .value.name }', recipients: [ada]}}
  - poke: {call: signal, with: {execution: wex-other, signal: told, payload: {n: 1}}}
"""


async def asked(stack: Stack, http: HttpService) -> WorkflowHandle[Any, Any]:
    """A run with a model that answers wrongly once, a judgement, a notification and a signal."""
    answers = iter(["no JSON", '{"name": "Ada"}'])

    async def answer(_verb: str, path: str, _headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        if path == "/ops":
            return 200, {}
        return 200, {"model": "gpt-5", "choices": [{"message": {"content": next(answers)}}]}

    echo, http.answer = http.answer, answer
    settings = {"llm_base_url": http.url, "channels": {"ops": f"{http.url}/ops"}}
    handle = await finished(stack, HEAD + ASKING, None, **settings)
    http.answer = echo
    return handle


DATA = """
evaluate: {mode: loose}
use:
  extensions:
    - log:
        extend: run
        before: [{note: {set: {at: '${ $task.name }'}}}, {rest: {wait: {milliseconds: 5}}}]
        after: [{shout: {run: {shell: {command: 'echo done'}}}}]
input: {schema: {resource: {endpoint: '%s/schema'}}}
do:
  - greet:
      input: {schema: {resource: {endpoint: '%s/schema'}}}
      run: {shell: {command: 'echo "$1"', arguments: [.name]}}
      output: {as: '{name: rtrimstr("\\n")}', schema: {document: {required: [name]}}}
  - count:
      for: {in: '[1, 2]'}
      do: [{add: {run: {script: {language: python, code: 'print(3)'}, return: all}, output: {as: '{name: .stdout}'}}}]
  - later: {run: {shell: {command: 'exit 1'}, await: false}}
"""


async def fired(stack: Stack) -> WorkflowHandle[Any, Any]:
    """A time of a schedule: the execution that it makes ends at once."""

    async def on_create(execution: Any) -> None:
        execution.status.CopyFrom(make("workflow_execution", "done").status)
        execution.status.phase = 3
        waiting = stack.temporal.get_workflow_handle(decode_callback(execution.spec.callback_token))
        await waiting.signal(CHILD_FINISHED, ChildFinished(execution.metadata.id))

    before, stack.api.on_create = stack.api.on_create, on_create
    workflow = stack.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    async with stack.worker():
        handle = await stack.temporal.start_workflow(
            WORKFLOW_FIRE, WorkflowFire(workflow.metadata.id), id="fired", task_queue=stack.queue
        )
        await handle.result()
    stack.api.on_create = before
    return handle


async def awaited(stack: Stack) -> WorkflowHandle[Any, Any]:
    """Events that start a workflow: two orders, mixed, one event of them twice."""
    stack.api.on_create = None
    workflow = stack.api.add_workflow(HEAD + "do: [{a: {set: {x: 1}}}]")
    order = {"correlate": {"order": {"from": ".data.order"}}}
    on = {"all": [{"with": {"type": kind}, **order} for kind in ("paid", "sent")]}
    async with stack.worker():
        handle = await stack.temporal.start_workflow(
            WORKFLOW_AWAIT,
            WorkflowAwait(workflow.metadata.id, "a1", {"on": on, "read": "data", "mode": "strict"}),
            id="awaiting",
            task_queue=stack.queue,
        )
        for kind, number in (("paid", 1), ("paid", 2), ("sent", 2), ("sent", 2), ("sent", 1)):
            event = {"specversion": "1.0", "id": "e", "source": "/s", "type": kind, "data": {"order": number}}
            await handle.signal(EVENT_RECEIVED, EventReceived(f"event/{kind}{number}", event))
        await handle.signal(STOP_AWAITING)
        await handle.result()
    return handle


ESCALATES = """
do:
  - ask:
      call: human
      with:
        prompt: Go?
        channels: [ops]
        remind: {milliseconds: 80}
        timeout: {milliseconds: 200}
        onTimeout: escalate
        escalate: {approvers: [boss], channels: [ops], timeout: {milliseconds: 100}, onTimeout: deny}
        outcomes: [{name: approve}, {name: deny, then: refused}]
  - accepted: {set: {refused: false}, then: end}
  - refused: {set: {refused: true}}
"""


@activity.defn(name="double")
async def double(number: int) -> int:
    """What the worker of a user does."""
    if activity.info().attempt == 1:
        raise ApplicationError("come back later")
    return 2 * number


async def outside(stack: Stack) -> WorkflowHandle[Any, Any]:
    """A run that calls an activity of a worker that knows nothing of us, which fails once."""
    policy = "retryPolicy: {initialInterval: {milliseconds: 1}, maximumAttempts: 2}"
    task = f"{{call: activity, with: {{name: double, taskQueue: outside, arguments: ['${{ .n }}'], {policy}}}}}"
    async with Worker(stack.temporal, task_queue="outside", activities=[double]):
        return await finished(stack, HEAD + f"do: [{{twice: {task}}}, {{put: {{set: {{n: '${{ . }}'}}}}}}]", {"n": 4})


async def main(address: str) -> None:
    temporal = await wait_for_temporal(address)
    api, http = ApiServer(), HttpService()
    await api.start()
    await http.start(PORT)
    stack = Stack(temporal, api, address, "record-queue")
    HISTORIES.mkdir(exist_ok=True)

    nested = await finished(stack, NESTED, {"url": http.url})
    await record(stack, "nested", nested)
    cut = await finished(stack, NESTED, {"url": http.url}, max_history_events=30)
    await record(stack, "continued-first-run", cut, cut.first_execution_run_id)
    await record(stack, "continued-last-run", cut)
    fails = await finished(stack, HEAD + "do: [{a: {raise: {error: {type: 'https://x', status: 500}}}}]")
    await record(stack, "fault", fails)

    api.put(make("agent", "greeter"))

    async def on_create(execution: Any) -> None:
        execution.status.CopyFrom(agent_reply("Hi!"))
        parent = temporal.get_workflow_handle(decode_callback(execution.spec.callback_token))
        await parent.signal(CHILD_FINISHED, ChildFinished(execution.metadata.id))

    api.on_create = on_create
    document = HEAD + "do: [{ask: {call: agent, with: {agent: greeter, message: Hello}, timeout: {after: PT1M}}}]"
    await record(stack, "agent-call", await finished(stack, document))

    await record(stack, "paused", await paused_and_resumed(stack))
    await record(stack, "branches", await finished(stack, HEAD + BRANCHES, {"url": http.url}))
    cut = await finished(stack, HEAD + BRANCHES, {"url": http.url}, max_history_events=25)
    await record(stack, "branches-first-run", cut, cut.first_execution_run_id)
    await record(stack, "branches-last-run", cut)
    ask = "{call: agent, with: {agent: greeter, message: Hi}}"
    race = f"{{fork: {{compete: true, branches: [{{a: {{wait: PT1H}}}}, {{b: {ask}}}]}}}}"
    await record(stack, "race", await finished(stack, HEAD + f"do: [{{r: {race}}}]"))
    await record(stack, "listen", await listened(stack))
    await record(stack, "answer", await answered(stack))
    await record(stack, "calls", await called(stack, http))
    cut = await called(stack, http, max_history_events=25)
    await record(stack, "calls-first-run", cut, cut.first_execution_run_id)
    await record(stack, "calls-last-run", cut)
    await record(stack, "asking", await asked(stack, http))
    await record(stack, "apart", await finished(stack, CORPUS["apart"], {"url": http.url}))
    cut = await finished(stack, CORPUS["apart"], {"url": http.url}, max_history_events=40)
    await record(stack, "apart-first-run", cut, cut.first_execution_run_id)
    await record(stack, "apart-last-run", cut)
    await record_data(stack, http)
    await http.stop()
    await api.stop()


async def record_data(stack: Stack, http: HttpService) -> None:
    """Schemas, extensions and processes, and a time of a schedule."""
    document, given = HEAD + DATA % (http.url, http.url), {"name": "Ada"}
    await record(stack, "data", await finished(stack, document, given))
    cut = await finished(stack, document, given, max_history_events=30)
    await record(stack, "data-first-run", cut, cut.first_execution_run_id)
    await record(stack, "data-last-run", cut)
    channels = {"channels": {"ops": f"{http.url}/ops"}}
    await record(stack, "escalated", await finished(stack, HEAD + ESCALATES, None, **channels))
    await record(stack, "outside", await outside(stack))
    await record(stack, "fired", await fired(stack))
    await record(stack, "awaited", await awaited(stack))


if __name__ == "__main__":
    with dev_server() as found:
        asyncio.run(main(found))
