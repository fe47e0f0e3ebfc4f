"""`call: asyncapi` against a WebSocket server, an HTTP service and the bus in memory: publishing, and every policy."""

# ruff: noqa: E501 - a document reads better on one line

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from runner_documents import HEAD
from runner_services import Notifier, events
from runner_testing import offline_calls

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.problems import DocumentInvalidError
from stigmer_api.dsl.tasks.call_asyncapi import OTHER_PROTOCOLS
from stigmer_workflow_runner.activities.asyncapi_document import AsyncApi
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document

Run = Callable[..., Any]
NOTES = [{"id": f"n-{n}", "user": "ada" if n % 2 else "bob", "n": n} for n in range(1, 9)]


@pytest.fixture
async def notifier() -> AsyncIterator[Notifier]:
    async with Notifier(NOTES).serve() as found:
        yield found


@pytest.fixture
async def run(http: Any, notifier: Notifier) -> AsyncIterator[Run]:
    """Runs a document in process; the HTTP stand-in has the AsyncAPI document."""

    async def answer(_verb: str, path: str, _headers: Any, _body: bytes) -> Any:
        if path == "/asyncapi.json":
            return 200, notifier.document(http.url)
        return 200, events(*NOTES[:3])

    http.answer = answer
    web, calls = offline_calls()

    async def execute(text: str, given: Any = None, drain_every: int = 0) -> Any:
        value = read_text(HEAD + text.replace("DOCUMENT", f"{{endpoint: '{http.url}/asyncapi.json'}}"))[0]
        return await run_document(value, given, InProcessRuntime(calls, drain_every=drain_every))

    yield execute
    await web.close()


def subscribe(policy: str, more: str = "protocol: ws") -> str:
    return f"do: [{{t: {{call: asyncapi, with: {{document: DOCUMENT, operation: getNotifications, {more}, subscription: {{{policy}}}}}}}}}]"


def publish(more: str) -> str:
    return f"do: [{{t: {{call: asyncapi, with: {{document: DOCUMENT, operation: notify, {more}, message: {{payload: {{user: ada, n: '${{ .n }}'}}, headers: {{X-A: b}}}}}}}}}}]"


def numbers(messages: Any) -> list[int]:
    return [message["payload"]["n"] for message in messages]


async def test_an_amount_of_messages_that_match_is_consumed_over_one_connection(run: Run, notifier: Notifier) -> None:
    result = await run(subscribe("filter: '.payload.user == $input.user', consume: {amount: 3}"), {"user": "ada"})
    assert numbers(result) == [1, 3, 5]
    assert result[0] == {"payload": NOTES[0], "headers": {}, "correlationId": "n-1"}
    assert notifier.connections == 1


async def test_messages_are_consumed_while_and_until_something_holds_of_them(run: Run) -> None:
    assert numbers(await run(subscribe("consume: {while: 'length < 4'}"))) == [1, 2, 3, 4]
    assert numbers(await run(subscribe("consume: {until: 'length == 2'}"))) == [1, 2]


async def test_a_subscription_ends_when_its_time_is_over_or_the_server_hangs_up(run: Run, notifier: Notifier) -> None:
    assert len(await run(subscribe("consume: {while: 'true', for: {milliseconds: 300}}"))) == 8
    notifier.hang_up = True
    assert len(await run(subscribe("consume: {while: 'true'}"))) == 8


@pytest.mark.parametrize("drain_every", [0, 3])
async def test_each_message_is_worked_on_in_order_and_none_is_missed(
    run: Run, notifier: Notifier, drain_every: int
) -> None:
    policy = """consume: {until: '($context.consumed | length) == 6'}, foreach: {item: note, at: i,
      do: [{double: {set: '${ {n: ($note.payload.n * 2), at: $i} }'}}],
      output: {as: .n}, export: {as: '{consumed: (($context.consumed // []) + [$note.correlationId])}'}}"""
    assert await run(subscribe(policy), None, drain_every) == [2, 4, 6, 8, 10, 12]
    assert notifier.connections == 1


async def test_a_message_is_published_over_a_websocket_and_over_http(run: Run, http: Any, notifier: Notifier) -> None:
    more = "server: {name: socket, variables: {stage: test}}, authentication: {bearer: {token: sesame}}"
    sent = await run(publish(more), {"n": 5})
    assert sent == {"payload": {"user": "ada", "n": 5}, "headers": {"X-A": "b"}}
    async with asyncio.timeout(5):
        await notifier.got.wait()
    assert notifier.received == [{"user": "ada", "n": 5}]
    assert (notifier.headers[0]["authorization"], notifier.headers[0]["x-a"]) == ("Bearer sesame", "b")
    await run(publish("protocol: http"), {"n": 6})
    verb, path, headers, body = http.requests[-1]
    assert (verb, path, headers["x-a"], json.loads(body)["n"]) == ("PUT", "/notifications/ada", "b", 6)


async def test_messages_come_as_events_over_http(run: Run) -> None:
    assert numbers(await run(subscribe("consume: {while: 'true'}", "protocol: http"))) == [1, 2, 3]


async def test_the_bus_in_memory_joins_those_who_publish_and_those_who_listen(http: Any, notifier: Notifier) -> None:
    async def answer(*_: Any) -> Any:
        return 200, notifier.document()

    http.answer = answer
    found, calls = offline_calls()

    async def execute(text: str, given: Any) -> Any:
        value = read_text(HEAD + text.replace("DOCUMENT", f"{{endpoint: '{http.url}/asyncapi.json'}}"))[0]
        return await run_document(value, given, InProcessRuntime(calls))

    listening = asyncio.create_task(
        execute(subscribe("consume: {amount: 1}", "server: {name: inside, variables: {user: ada}}"), None)
    )
    async with asyncio.timeout(10):
        await found.messages.bus.joined.wait()
        await execute(publish("protocol: memory"), {"n": 7})
        assert numbers(await listening) == [7]
    await found.close()


async def test_what_is_wrong_with_an_asyncapi_call_is_said(run: Run) -> None:
    for other in OTHER_PROTOCOLS:
        reason = f"the protocol {other!r} is not supported yet: use http, ws, memory"
        with pytest.raises(DocumentInvalidError, match=reason):
            await run(subscribe("consume: {amount: 1}", f"protocol: {other}"))
        with pytest.raises(DocumentInvalidError, match=reason):
            await run(publish(f"protocol: {other}"), {"n": 1})
    with pytest.raises(Fault, match=r"has no server that speaks http, ws, memory: it has broker \(kafka\)") as found:
        await run(subscribe("consume: {amount: 1}", "server: {name: broker}"))
    assert found.value.error["type"].endswith("/configuration")
    with pytest.raises(DocumentInvalidError, match="needs exactly one of amount, while, until"):
        await run(subscribe("consume: {for: PT1S}"))
    with pytest.raises(Fault, match="has no operation 'x': it has getNotifications, notify"):
        await run(subscribe("consume: {amount: 1}").replace("operation: getNotifications", "operation: x"))


def test_documents_of_version_2_name_channels_and_operations() -> None:
    document = {
        "asyncapi": "2.6.0",
        "servers": {
            "live": {"url": "ws.example:{port}/x", "protocol": "wss", "variables": {"port": {"default": "99"}}}
        },
        "channels": {
            "/notes/{user}": {
                "subscribe": {"operationId": "read"},
                "parameters": {"user": {"schema": {"default": "all"}}},
            }
        },
    }
    asked: dict[str, Any] = {"server": None, "protocol": "ws", "variables": {}, "operation": "read", "channel": None}
    assert AsyncApi(document, "u").target(asked, None).url == "wss://ws.example:99/x/notes/all"
    by_channel = {**asked, "operation": None, "channel": "/notes/{user}", "variables": {"user": "ada"}}
    assert AsyncApi(document, "u").target(by_channel, None).url == "wss://ws.example:99/x/notes/ada"
