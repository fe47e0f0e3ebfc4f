"""The specification's examples with calls, each as it is, against stand-ins of the services that they name."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from runner_services import GREETER_FILES, Everybody, Notifier, greeter, hosts
from runner_testing import offline_calls, shared_data

from stigmer_api.dsl.definition import read_text
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inbox import event_of
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document

FRIEND = {"from": {"firstName": "Ada", "lastName": "Lovelace"}}
GIVEN = {"userId": "u-1", "contact": FRIEND["from"]}
NOTES = [{"correlationId": "u-1" if n % 2 else "u-2", **FRIEND, "n": n} for n in range(12)]
REX = {"id": 1, "name": "Rex", "status": "available"}
FILTERED = [f"call-asyncapi-subscribe-consume-{policy}" for policy in ("amount", "until", "while")]


@pytest.fixture
async def world(http: Any, tmp_path: Path) -> AsyncIterator[Any]:
    """The activities of calls, with every host of the examples answered on loopback."""
    async with Notifier(NOTES, hang_up=True).serve() as notifier:
        everybody = Everybody(http.url, notifier)
        http.answer = everybody.answer
        (tmp_path / "app").mkdir()
        for name, text in GREETER_FILES.items():
            (tmp_path / "app" / name).write_text(text)
        found, calls = offline_calls(hosts(http.url), files_directory=tmp_path)
        everybody.calls = calls  # type: ignore[attr-defined]
        yield everybody
        await found.close()


async def run(world: Any, name: str, given: Any = None, change: tuple[str, str] = ("", "")) -> Any:
    text = (shared_data("dsl/examples") / f"{name}.yaml").read_text()
    assert change[0] in text
    value = read_text(text.replace(*change))[0]
    return await run_document(value, given, InProcessRuntime(world.calls))


@pytest.mark.parametrize(
    ("name", "given", "output"),
    [
        ("call-http-endpoint-interpolation", {"petId": 1}, REX),
        ("call-http-endpoint-interpolation-shorthand", {"petId": 1}, REX),
        ("do-single", {"petId": 1}, REX),
        ("call-openapi", None, [REX]),
        ("call-openapi-redirect", None, [REX]),
        ("star-wars-homeworld", {"id": 1}, {"name": "Tatooine"}),
    ],
)
async def test_an_example_of_a_call_gives_what_its_service_answers(
    world: Any, name: str, given: Any, output: Any
) -> None:
    assert await run(world, name, given) == output


@pytest.mark.parametrize("name", ["query-parameters", "query-headers-expressions", "redirect"])
async def test_the_examples_of_queries_ask_for_what_the_input_says(world: Any, http: Any, name: str) -> None:
    result = await run(world, f"call-http-{name}", {"searchQuery": "R2 D2"})
    assert result["asked"] == "/api/people/?search=R2+D2"


@pytest.mark.parametrize("name", ["bearer", "bearer-uri-format", "reusable"])
async def test_the_examples_with_a_token_send_it(world: Any, http: Any, name: str) -> None:
    assert await run(world, f"authentication-{name}", {"token": "t-1234", "petId": 1}) == REX
    assert http.requests[-1][2]["authorization"] == "Bearer t-1234"


@pytest.mark.parametrize(("name", "path"), [("oauth2", "/auth/token"), ("oidc", "/oidc/token")])
async def test_the_examples_of_oauth_get_a_token_first(world: Any, http: Any, name: str, path: str) -> None:
    assert await run(world, f"authentication-{name}", {"petId": 1}) == REX
    [(_, asked)] = world.tokens.asked
    assert asked["client_id"] == ["workflow-runtime-id"]
    assert http.requests[-2][1].endswith(path)
    assert http.requests[-1][2]["authorization"] == f"Bearer {next(iter(world.tokens.valid))}"


@pytest.mark.parametrize("name", ["oauth2", "oidc"])
async def test_the_examples_of_secrets_take_the_policy_from_the_execution(
    stack: Any, world: Any, http: Any, name: str
) -> None:
    text = (shared_data("dsl/examples") / f"authentication-{name}-secret.yaml").read_text()
    policy = {
        "authority": "http://keycloak",
        "grant": "client_credentials",
        "client": {"id": "me", "secret": "open-it"},
    }
    async with stack.worker(http_host_map=hosts(http.url)):
        execution = stack.api.add_execution(stack.api.add_workflow(text), {"petId": 1})
        stack.api.variables[execution] = {"mySecret": (json.dumps(policy), True)}
        await stack.start(execution)
        await stack.api.ended(execution)
    assert stack.api.output(execution) == REX
    [(_, asked)] = world.tokens.asked
    assert asked["client_secret"] == ["open-it"]


async def test_the_example_of_grpc_greets(world: Any) -> None:
    async with greeter() as (port, _):
        given = {"user": {"preferredDisplayName": "Ada"}}
        assert (await run(world, "call-grpc", given, ("port: 5011", f"port: {port}")))["message"] == "Hello Ada"


async def test_the_example_of_a_function_calls_it(world: Any) -> None:
    with pytest.raises(Fault, match="/v2/pet/69 answered 404"):
        await run(world, "call-custom-function-inline")
    assert await run(world, "call-custom-function-inline", None, ("69", "1")) == REX


@pytest.mark.parametrize("name", FILTERED)
async def test_the_examples_of_subscriptions_get_what_matches(world: Any, name: str) -> None:
    text = ("do:", "input: {from: '{}'}\ndo:\n  - init: {set: '${ $workflow.input }', export: {as: .}}")
    result = await run(world, name, GIVEN, text)
    wanted = 5 if name.endswith("amount") else 6
    filtered = [note["n"] for note in NOTES if note["correlationId"] == "u-1"][:wanted]
    assert [message["payload"]["n"] for message in result] == filtered


async def test_the_example_that_emits_an_event_for_each_message(world: Any) -> None:
    text = (
        "do:\n  - get",
        "input: {from: '{}'}\ndo:\n  - init: {set: '${ $workflow.input }', export: {as: .}}\n  - get",
    )
    result = await run(world, "call-asyncapi-subscribe-consume-forever-foreach", GIVEN, text)
    assert [event["data"]["message"]["payload"]["n"] for event in result] == [1, 3, 5, 7, 9, 11]
    assert {event["type"] for event in result} == {"io.serverlessworkflow.samples.asyncapi.message.consumed.v1"}


def hearing(world: Any, *events: dict[str, Any]) -> InProcessRuntime:
    """A runtime in which the events arrive one second after the other."""
    runtime = InProcessRuntime(world.calls)
    for number, event in enumerate(events):
        key = f"e{number}"
        found = event_of(f"event/{key}", "", {"id": key, "source": "tests", "specversion": "1.0", **event}, "")
        runtime.later(number + 1, partial(runtime.inbox.put, key, found))
    return runtime


async def test_the_example_that_listens_for_ever_posts_each_event(world: Any, http: Any) -> None:
    text = (shared_data("dsl/examples") / "listen-to-any-forever-foreach.yaml").read_text()
    value = {**read_text(text)[0], "timeout": {"after": {"minutes": 1}}}
    runtime = hearing(world, {"type": "gossip", "data": 1}, {"type": "gossip", "data": 2})
    with pytest.raises(Fault, match="the workflow took longer than its timeout"):
        await run_document(value, {"roomId": "r 1"}, runtime)
    assert [(path, json.loads(body)["event"]) for _, path, _, body in http.requests] == [
        ("/fake-chat-api.com/room/", 1),
        ("/fake-chat-api.com/room/", 2),
    ]


async def test_the_example_that_accumulates_readings_asks_the_list_of_events_for_a_field(world: Any) -> None:
    room = [
        {
            "source": "https://my.home.com/sensor",
            "type": f"my.home.sensors.{name}",
            "roomid": "r1",
            "data": {"reading": 1},
        }
        for name in ("temperature", "humidity")
    ]
    text = (shared_data("dsl/examples") / "accumulate-room-readings.yaml").read_text()
    with pytest.raises(Fault) as found:
        await run_document(read_text(text)[0], None, hearing(world, *room))
    assert (found.value.error["status"], found.value.error["instance"]) == (400, "/do/0/consumeReading")
    mended = text.replace(".data.reading", "'{readings: .}'")
    result = await run_document(read_text(mended)[0], None, hearing(world, *room))
    assert (result["host"], result["path"]) == ("myorg.io", "/produceReport")


async def test_the_example_of_publishing_sends_the_pet(world: Any) -> None:
    world.notifier.hang_up, world.notifier.messages = False, []
    await run(world, "call-asyncapi-publish", {"pet": {"id": 7}, "token": "t-1234"})
    await world.notifier.got.wait()
    assert world.notifier.received == [{"petId": 7}]
    assert world.notifier.headers[0]["authorization"] == "Bearer t-1234"


async def test_the_example_of_mcp_says_that_its_server_is_not_here(world: Any) -> None:
    change = ("command: npx", "command: npx-that-is-not-here")
    with pytest.raises(Fault, match="the MCP server 'npx-that-is-not-here' cannot be started"):
        await run(world, "call-mcp", None, change)


async def test_the_catalog_s_function_is_found_by_its_url(world: Any, http: Any) -> None:
    given = json.dumps({"set": "${ .message }"})
    world.notifier = None

    async def answer(*_: Any) -> Any:
        return 200, json.loads(given)

    http.answer = answer
    change = ("https://raw.githubusercontent.com", "https://fake.com")
    assert await run(world, "call-custom-function-cataloged", None, change) == "Hello, world!"
