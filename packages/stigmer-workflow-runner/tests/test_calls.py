"""Every kind of call against a real service on loopback, run in process: what is sent, what comes back, what fails."""

# ruff: noqa: E501 - a document or a row of a table reads better on one line

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from runner_documents import HEAD
from runner_services import GREETER_FILES, MCP_SERVER, SWAGGER, McpService, a2a_agent, greeter, petstore
from runner_testing import offline_calls

from stigmer_api.dsl.definition import read_text
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document

Run = Callable[..., Any]


@pytest.fixture
async def run(http: Any, tmp_path: Path) -> AsyncIterator[Run]:
    """Runs a document's text; hosts of `example` names are the HTTP stand-in."""
    hosts = {f"https://{name}": http.url for name in ("petstore.swagger.io", "shop.example", "auth.example")}
    web, calls = offline_calls(
        hosts, files_directory=tmp_path, home=tmp_path / "home", default_catalog="file://catalog"
    )

    async def execute(text: str, given: Any = None) -> Any:
        return await run_document(read_text(HEAD + text)[0], given, InProcessRuntime(calls))

    execute.files = tmp_path  # type: ignore[attr-defined]
    yield execute
    await web.close()


async def fault_of(run: Run, text: str, given: Any = None) -> dict[str, Any]:
    with pytest.raises(Fault) as found:
        await run(text, given)
    error = dict(found.value.error)
    return {**error, "type": error["type"].rpartition("/")[2]}


# --- openapi -------------------------------------------------------------------------------------------------------


def openapi(operation: str, parameters: str = "{}", more: str = "") -> str:
    document = "document: {endpoint: 'https://petstore.swagger.io/v2/swagger.json'}"
    return f"do: [{{t: {{call: openapi, with: {{{document}, operationId: {operation}, parameters: {parameters}{more}}}}}}}]"


async def test_an_openapi_operation_gets_its_parameters_where_it_wants_them(run: Run, http: Any) -> None:
    http.answer = petstore
    assert [pet["id"] for pet in await run(openapi("findPetsByStatus", "{status: [available, sold]}"))] == [1, 2]
    assert (await run(openapi("getPetById", "{petId: '${ .id }'}"), {"id": 2}))["name"] == "Tom"
    renamed = await run(openapi("renamePet", "{petId: 1, name: 'A B'}"))
    assert renamed == {"path": "/v2/pet/1", "kind": "application/x-www-form-urlencoded", "body": "name=A+B"}
    added = await run(openapi("addPet", "{body: {name: Rex}}"))
    assert (added["kind"], json.loads(added["body"])) == ("application/json", {"name": "Rex"})
    whole = await run(openapi("getPetById", "{petId: 1}", ", output: response"))
    assert (whole["statusCode"], whole["request"]["uri"]) == (200, "https://petstore.swagger.io/v2/pet/1")


@pytest.mark.parametrize(
    ("operation", "parameters", "kind", "detail"),
    [
        ("getPets", "{}", "configuration", "has no operation 'getPets': it has findPetsByStatus, getPetById"),
        ("getPetById", "{}", "validation", "needs the parameter 'petId' (in path)"),
        ("getPetById", "{petId: 1, color: red}", "validation", "has no parameter color: it has petId"),
    ],
)
async def test_what_is_wrong_with_an_openapi_call_is_said(
    run: Run, http: Any, operation: Any, parameters: Any, kind: Any, detail: Any
) -> None:
    http.answer = petstore
    error = await fault_of(run, openapi(operation, parameters))
    assert (error["type"], error["instance"]) == (kind, "/do/0/t")
    assert detail in error["detail"]


async def test_openapi_3_servers_styles_cookies_and_bodies(run: Run, http: Any) -> None:
    document = {
        "openapi": "3.1.0",
        "servers": [{"url": "{base}/api", "variables": {"base": {"default": "/v3"}}}],
        "paths": {"/things/{ids}": {"post": {
            "operationId": "things",
            "parameters": [
                {"name": "ids", "in": "path", "required": True, "schema": {"type": "array"}},
                {"name": "tags", "in": "query", "style": "pipeDelimited", "explode": False, "schema": {"type": "array"}},
                {"name": "deep", "in": "query", "style": "deepObject", "schema": {"type": "object"}},
                {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                {"name": "session", "in": "cookie", "schema": {"type": "string"}},
            ],
            "requestBody": {"$ref": "#/components/requestBodies/Thing"},
        }}},
        "components": {"requestBodies": {"Thing": {"content": {"application/json": {}}}}},
    }  # fmt: skip

    async def answer(_verb: str, path: str, _headers: Any, _body: bytes) -> Any:
        return 200, document if path == "/openapi.json" else {"path": path}

    http.answer = answer
    result = await run(
        "do: [{t: {call: openapi, with: {document: {endpoint: 'https://shop.example/openapi.json'}, operationId: things,"
        " parameters: {ids: [1, 2], tags: [a, b], deep: {x: 1}, X-Trace: t, session: s, size: 3, name: n}}}}]"
    )
    assert result == {"path": "/v3/api/things/1,2?tags=a%7Cb&deep%5Bx%5D=1"}
    _, _, headers, body = http.requests[-1]
    assert (headers["x-trace"], headers["cookie"], json.loads(body)) == ("t", "session=s", {"size": 3, "name": "n"})


async def test_a_document_that_changes_during_an_execution_is_not_used(run: Run, http: Any) -> None:
    pets = [SWAGGER, {**SWAGGER, "paths": {}}]

    async def answer(verb: str, path: str, headers: Any, body: bytes) -> Any:
        return (200, pets.pop(0)) if path == "/v2/swagger.json" else await petstore(verb, path, headers, body)

    http.answer = answer
    task = openapi("getPetById", "{petId: 1}").removeprefix("do: [{t").removesuffix("]")
    assert await run(f"do: [{{a{task}, {{b{task}]") == {"id": 1, "name": "Rex", "status": "available"}
    assert len(pets) == 1


async def test_a_document_of_aliases_that_would_fill_the_memory_is_refused(run: Run, http: Any) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    async def bomb(*_: Any) -> Any:
        return 200, "\n".join(lines).encode()

    http.answer = bomb
    error = await fault_of(run, openapi("getPetById", "{petId: 1}"))
    assert (error["type"], "more than 1000000 values" in error["detail"]) == ("configuration", True)


# --- functions -----------------------------------------------------------------------------------------------------


async def test_a_function_of_the_document_runs_on_its_arguments(run: Run, http: Any) -> None:
    http.answer = petstore
    text = """
use:
  functions:
    getPet: {call: http, with: {method: get, endpoint: 'https://petstore.swagger.io/v2/pet/{petId}'}, output: {as: .name}}
    twice: {do: [{a: {call: getPet, with: '${ . }'}}, {b: {set: '${ . + "!" }'}}]}
do:
  - one: {call: getPet, with: {petId: 1}, export: {as: .}}
  - two: {call: twice, with: {petId: '${ 1 + 1 }'}}
  - both: {set: '${ [$context, .] }'}
"""
    assert await run(text) == ["Rex", "Tom!"]


async def test_a_function_from_a_catalog_and_from_a_url(run: Run, http: Any) -> None:
    path = run.files / "catalog/functions/shout/1.0.0/function.yaml"  # type: ignore[attr-defined]
    path.parent.mkdir(parents=True)
    path.write_text("set: '${ .text | ascii_upcase }'\n")

    async def answer(*_: Any) -> Any:
        return 200, {"whisper": {"set": "${ .text | ascii_downcase }"}}

    http.answer = answer
    text = """
use: {catalogs: {own: {endpoint: {uri: 'file://catalog'}}}}
do:
  - a: {call: 'shout:1.0.0@default', with: {text: Hello}, export: {as: .}}
  - b: {call: 'shout:1.0.0@own', with: {text: you}}
  - c: {call: 'https://shop.example/functions/whisper.yaml', with: {text: '${ $context + . }'}}
"""
    assert await run(text) == "helloyou"


async def test_a_function_from_elsewhere_gets_no_secrets_and_is_judged_before_it_runs(run: Run, http: Any) -> None:
    async def answer(*_: Any) -> Any:
        return 200, {"call": "http", "with": {"method": "get", "endpoint": "http://x/", "body": "${ $secrets.key }"}}

    http.answer = answer
    error = await fault_of(run, "use: {secrets: [key]}\ndo: [{a: {call: 'https://shop.example/f.yaml'}}]")
    assert (error["type"], error["instance"]) == ("configuration", "/do/0/a")
    assert "use.secrets does not declare 'key'" in error["detail"]


async def test_files_outside_the_directory_are_refused(run: Run) -> None:
    error = await fault_of(run, "do: [{a: {call: 'file:///etc/passwd'}}]")
    assert (error["type"], "is outside" in error["detail"]) == ("authorization", True)
    error = await fault_of(run, "do: [{a: {call: 'file://../../etc/passwd'}}]")
    assert error["type"] == "authorization"


# --- grpc ----------------------------------------------------------------------------------------------------------


GREET = "call: grpc, with: {{{proto}service: {{name: {service}, host: localhost, port: '${{ .port }}'{more}}}, method: {method}, arguments: {arguments}}}"


def greet(method: str, arguments: str, *, proto: str = "", service: str = "GreeterApi.Greeter", more: str = "") -> str:
    call = GREET.format(proto=proto, service=service, more=more, method=method, arguments=arguments)
    return f"do: [{{t: {{{call}}}}}]"


async def test_a_grpc_service_is_called_by_its_proto_file(run: Run) -> None:
    (run.files / "app").mkdir()  # type: ignore[attr-defined]
    for name, text in GREETER_FILES.items():
        (run.files / "app" / name).write_text(text)  # type: ignore[attr-defined]
    proto = "proto: {endpoint: 'file://app/greet.proto'}, "
    async with greeter() as (port, seen):
        hello = await run(greet("SayHello", "{name: '${ .name }'}", proto=proto), {"port": port, "name": "Ada"})
        assert hello == {"message": "Hello Ada", "mood": {"level": 0}}
        assert seen[-1]["idempotency-key"]
        several = await run(greet("SayMany", "{name: Bob}", proto=proto), {"port": port})
        assert [answer["message"] for answer in several] == ["Hello Bob 0", "Hello Bob 1"]
        all_of_them = await run(greet("SayToAll", '\'${ [{name: "A"}, {name: "B"}] }\'', proto=proto), {"port": port})
        assert all_of_them["message"] == "Hello A and B"


async def test_a_grpc_service_describes_itself_by_reflection(run: Run) -> None:
    async with greeter(reflection=True) as (port, _):
        assert (await run(greet("SayHello", "{name: Ada}"), {"port": port}))["message"] == "Hello Ada"
        error = await fault_of(run, greet("SayBye", "{}"), {"port": port})
        assert "has no method 'SayBye': it has SayHello" in error["detail"]
        error = await fault_of(run, greet("SayHello", "{nom: Ada}"), {"port": port})
        assert (error["type"], "nom" in error["detail"]) == ("validation", True)
        error = await fault_of(run, greet("SayHello", "{name: nobody}"), {"port": port})
        assert "NOT_FOUND: who?" in error["detail"]
        assert (error["type"], error["status"]) == ("communication", 404)
        more = ", authentication: {bearer: {token: sesame}}"
        assert (await run(greet("SayHello", "{name: Ada}", more=more), {"port": port}))[
            "message"
        ] == "Hello Ada (Bearer ***)"


async def test_a_grpc_server_that_is_not_there_or_says_nothing_is_an_error(run: Run) -> None:
    error = await fault_of(run, greet("SayHello", "{}"), {"port": 1})
    assert error["status"] == 503
    async with greeter() as (port, _):
        error = await fault_of(run, greet("SayHello", "{}"), {"port": port})
        assert (error["type"], "give with.proto" in error["detail"]) == ("configuration", True)


async def test_a_proto_file_that_does_not_compile_says_why(run: Run) -> None:
    (run.files / "bad.proto").write_text('syntax = "proto3";\nmessage {')  # type: ignore[attr-defined]
    error = await fault_of(run, greet("SayHello", "{}", proto="proto: {endpoint: 'file://bad.proto'}, "), {"port": 1})
    assert (error["type"], "bad.proto:2" in error["detail"]) == ("configuration", True)


# --- mcp and a2a ---------------------------------------------------------------------------------------------------


async def test_an_mcp_server_is_started_asked_and_gone(run: Run) -> None:
    stdio = f"stdio: {{command: {sys.executable}, arguments: [{MCP_SERVER}], environment: {{GREETING: Hi}}}}"

    def call(method: str, parameters: str) -> str:
        return (
            f"do: [{{t: {{call: mcp, with: {{method: {method}, parameters: {parameters}, transport: {{{stdio}}}}}}}}}]"
        )

    result = await run(call("tools/call", "{name: greet, arguments: {name: '${ .n }'}}"), {"n": "Ada"})
    assert result["content"][0]["text"] == "Hi Ada"
    environment = result["structuredContent"]["environment"]
    assert "GREETING" in environment
    assert not {"STIGMER_TOKEN", "VIRTUAL_ENV"} & set(environment)
    error = await fault_of(run, call("tools/call", "{name: fail}"))
    assert (error["type"], error["status"], "it broke" in error["detail"]) == ("communication", 500, True)
    error = await fault_of(run, call("prompts/get", "{name: x}"))
    assert error["status"] == 404
    error = await fault_of(run, call("tools/list", "{}").replace(str(MCP_SERVER), "/nonexistent.py"))
    assert "the MCP server ended" in error["detail"]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_mcp_server_over_http_keeps_a_session_for_one_call(run: Run, http: Any, stream: bool) -> None:
    http.answer = McpService(stream=stream).answer
    text = "do: [{t: {call: mcp, with: {method: tools/call, parameters: {name: greet, arguments: {name: Ada}}, transport: {http: {endpoint: {uri: 'https://shop.example/mcp', authentication: {bearer: {token: sesame}}}, headers: {X-A: b}}}}}}]"
    assert (await run(text))["content"][0]["text"] == "Hello Ada"
    verbs = [(verb, headers.get("mcp-session-id", "")) for verb, _, headers, _ in http.requests]
    assert verbs == [("POST", ""), ("POST", "s-1"), ("POST", "s-1"), ("DELETE", "s-1")]
    assert http.requests[0][2]["authorization"] == "Bearer sesame"
    assert http.requests[2][2]["mcp-protocol-version"] == "2025-06-18"


async def test_an_a2a_agent_is_found_by_its_card_and_answers_once_or_in_a_stream(run: Run, http: Any) -> None:
    http.answer = a2a_agent

    def call(method: str, parameters: str) -> str:
        card = "agentCard: {endpoint: 'https://shop.example/.well-known/agent-card.json'}"
        return f"do: [{{t: {{call: a2a, with: {{{card}, method: {method}, parameters: {parameters}}}}}}}]"

    sent = await run(call("message/send", "{message: {parts: [{kind: text, text: Hello}]}}"))
    assert (sent["role"], sent["echo"]["role"], bool(sent["echo"]["messageId"])) == ("agent", "user", True)
    assert await run(call("message/stream", "{message: {parts: []}}")) == [{"n": 1}, {"n": 2}]
    error = await fault_of(run, call("tasks/get", "{id: none}"))
    assert (error["type"], error["status"], "Task not found" in error["detail"]) == ("communication", 404, True)
