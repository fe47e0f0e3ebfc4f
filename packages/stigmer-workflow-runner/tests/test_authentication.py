"""Every authentication policy against a service that checks it, and secrets that never reach Temporal's history."""

# ruff: noqa: E501 - a document reads better on one line

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from runner_documents import HEAD
from runner_services import DigestService, TokenService, greeter, petstore
from runner_testing import offline_calls
from temporalio.client import WorkflowFailureError

from stigmer_api.dsl.definition import read_text
from stigmer_workflow_runner.activities.redaction import Redactor
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document

Run = Callable[..., Any]
FAILED = 4


@pytest.fixture
async def run(http: Any) -> AsyncIterator[Run]:
    """Runs a document in process; hosts of `example` names are the HTTP stand-in."""
    web, calls = offline_calls({f"https://{name}.example": http.url for name in ("shop", "auth")})

    async def execute(text: str, given: Any = None) -> Any:
        return await run_document(read_text(HEAD + text)[0], given, InProcessRuntime(calls))

    yield execute
    await web.close()


@pytest.fixture
def tokens(http: Any) -> TokenService:
    """The authorization server, and what it protects, as the HTTP stand-in."""
    service = TokenService(url="https://auth.example")
    http.answer = service.answer
    return service


def call(policy: str, more: str = "") -> str:
    endpoint = f"{{uri: 'https://shop.example/x', authentication: {policy}}}"
    return f"do: [{{t: {{call: http, with: {{method: get, endpoint: {endpoint}{more}}}}}}}]"


def oauth2(more: str = "", grant: str = "client_credentials", client: str = "id: me, secret: sesame-open") -> str:
    return f"{{oauth2: {{authority: 'https://auth.example/realm/', grant: '{grant}', client: {{{client}}}{more}}}}}"


async def fault_of(run: Run, text: str, given: Any = None) -> dict[str, Any]:
    with pytest.raises(Fault) as found:
        await run(text, given)
    error = dict(found.value.error)
    return {**error, "type": error["type"].rpartition("/")[2]}


async def test_basic_bearer_and_digest_say_who_calls(run: Run, http: Any) -> None:
    async def seen(_verb: str, _path: str, headers: dict[str, str], _body: bytes) -> Any:
        return 200, {
            "known": headers["authorization"]
            in (f"Basic {base64.b64encode(b'Ada:pass:word').decode()}", "Bearer t-123")
        }

    http.answer = seen
    assert await run(call("{basic: {username: Ada, password: '${ .p }'}}"), {"p": "pass:word"}) == {"known": True}
    assert await run(call("{bearer: {token: '${ .t }'}}"), {"t": "t-123"}) == {"known": True}
    http.answer = DigestService("Ada", "word").answer
    assert await run(call("{digest: {username: Ada, password: word}}")) == {"user": "Ada"}
    assert (await fault_of(run, call("{digest: {username: Ada, password: wrong}}")))["status"] == 401


async def test_a_policy_is_used_by_its_name(run: Run, http: Any, tokens: TokenService) -> None:
    tokens.valid.add("t-1234")
    text = "use: {authentications: {shop: {bearer: {token: '${ .t }'}}}}\n" + call("{use: shop}")
    assert (await run(text, {"t": "t-1234"}))["path"] == "/x"


async def test_a_token_is_asked_for_once_and_again_when_it_is_refused(run: Run, tokens: TokenService) -> None:
    text = call(oauth2(", scopes: [a, b], audiences: [shop, bar]"))
    assert (await run(text))["path"] == "/x"
    assert (await run(text))["seen"] == "Bearer ***"
    [(headers, asked)] = tokens.asked
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked == {
        "grant_type": ["client_credentials"], "scope": ["a b"], "audience": ["shop", "bar"], "client_id": ["me"], "client_secret": ["sesame-open"],
    }  # fmt: skip
    tokens.valid.clear()
    await run(text)
    assert len(tokens.asked) == 2


async def test_a_token_that_has_expired_is_not_used(run: Run, tokens: TokenService) -> None:
    tokens.lifetime = 0
    await run(call(oauth2()))
    await run(call(oauth2()))
    assert len(tokens.asked) == 2


@pytest.mark.parametrize(
    ("client", "body", "header"),
    [
        (
            "id: me, secret: 'se same', authentication: client_secret_basic",
            {},
            f"Basic {base64.b64encode(b'me:se+same').decode()}",
        ),
        ("id: me, authentication: none", {"client_id": ["me"]}, None),
        (
            "id: me, authentication: private_key_jwt, assertion: a.b.c",
            {"client_id": ["me"], "client_assertion": ["a.b.c"]},
            None,
        ),
    ],
)
async def test_a_client_says_who_it_is_in_the_way_that_is_asked_for(
    run: Run, tokens: TokenService, client: str, body: Any, header: Any
) -> None:
    await run(call(oauth2(client=client)))
    [(headers, asked)] = tokens.asked
    assert headers.get("authorization") == header
    assert {key: value for key, value in asked.items() if key not in ("grant_type", "client_assertion_type")} == body


async def test_a_client_proves_its_secret_by_a_signed_assertion(run: Run, tokens: TokenService) -> None:
    await run(call(oauth2(client="id: me, secret: sesame-open, authentication: client_secret_jwt")))
    [(_, asked)] = tokens.asked
    text, _, signature = asked["client_assertion"][0].rpartition(".")
    signed = hmac.new(b"sesame-open", text.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == signed
    claims = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    assert (claims["iss"], claims["aud"]) == ("me", "https://auth.example/realm/oauth2/token")


async def test_password_and_exchange_as_json_at_another_endpoint(run: Run, tokens: TokenService) -> None:
    more = ", username: Ada, password: word, request: {encoding: application/json}, endpoints: {token: /auth/token}"
    await run(call(oauth2(more, grant="password")))
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    await run(
        call(oauth2(", subject: {token: s-token, type: jwt}, actor: {token: a-token, type: jwt}", grant=exchange))
    )
    (first, one), (_, two) = tokens.asked
    assert first["content-type"] == "application/json"
    assert {key: one[key] for key in ("username", "password")} == {"username": "Ada", "password": "word"}
    assert [two[f"{party}_token"] for party in ("subject", "actor")] == [["s-token"], ["a-token"]]


async def test_oidc_discovers_the_endpoint_and_checks_the_issuer(run: Run, http: Any, tokens: TokenService) -> None:
    policy = "{{oidc: {{authority: 'https://auth.example', grant: client_credentials, client: {{id: me, secret: sesame-open}}, issuers: ['{}']}}}}"
    assert (await run(call(policy.format("https://issuer.example"))))["path"] == "/x"
    assert [path for _, path, _, _ in http.requests] == ["/.well-known/openid-configuration", "/oidc/token", "/x"]
    error = await fault_of(run, call(policy.format("https://other.example")))
    assert (error["type"], error["status"]) == ("authentication", 401)
    assert "is not one of the policy's issuers" in error["detail"]


async def test_an_authority_that_refuses_is_an_authentication_error(run: Run, http: Any) -> None:
    async def refuse(*_: Any) -> Any:
        return 400, {"error": "invalid_client", "secret": "sesame-open"}

    http.answer = refuse
    error = await fault_of(run, call(oauth2()))
    assert (error["type"], error["status"], error["instance"]) == ("authentication", 401, "/do/0/t")
    assert "invalid_client" in error["detail"]
    assert "sesame" not in error["detail"]


async def test_the_authorization_is_visible_in_the_call_and_masked_after_it(run: Run, http: Any) -> None:
    headers = ", headers: {X-Scheme: '${ $authorization.scheme }', X-Copy: '${ $authorization.parameter }'}"
    text = call("{bearer: {token: t-123456}}", headers).removesuffix("}}]") + ", output: {as: $authorization}}}]"
    assert await run(text) == {"scheme": "Bearer", "parameter": "***"}
    _, _, sent, _ = http.requests[0]
    assert (sent["x-scheme"], sent["x-copy"]) == ("Bearer", "t-123456")


async def test_hosts_that_the_settings_deny_are_not_reached(http: Any) -> None:
    web, calls = offline_calls(http_deny=["127.0.0.0/8"])
    text = f"do: [{{t: {{call: http, with: {{method: get, endpoint: 'http://localhost:{http.port}/'}}}}}}]"
    with pytest.raises(Fault, match="are not allowed by the settings") as found:
        await run_document(read_text(HEAD + text)[0], None, InProcessRuntime(calls))
    await web.close()
    assert (found.value.error["status"], http.requests) == (403, [])


async def test_only_hosts_that_the_settings_allow_are_reached(http: Any) -> None:
    for allowed, reached in ((["*.example"], False), (["localhost"], True), (["127.0.0.0/8", "::1"], True)):
        web, calls = offline_calls(http_allow=allowed)
        text = f"do: [{{t: {{call: http, with: {{method: get, endpoint: 'http://localhost:{http.port}/'}}}}}}]"
        with contextlib.nullcontext() if reached else pytest.raises(Fault, match="not allowed"):
            await run_document(read_text(HEAD + text)[0], None, InProcessRuntime(calls))
        await web.close()


async def test_metadata_services_are_denied_by_default(run: Run) -> None:
    error = await fault_of(
        run, "do: [{t: {call: http, with: {method: get, endpoint: 'http://169.254.169.254/latest'}}}]"
    )
    assert (error["type"], error["status"]) == ("authorization", 403)


def test_redaction_finds_values_in_every_form_and_spares_short_ones() -> None:
    redactor = Redactor()
    secret = 'pass "wörd"/1'
    redactor.add([secret, "abc"])
    encoded = base64.b64encode(secret.encode()).decode()
    value = {"a": f"<{secret}>", secret: [json.dumps(secret), encoded, "pass+%22w%C3%B6rd%22%2F1", "abc"], "n": 1}
    assert redactor.value(value) == {"a": "<***>", "***": ['"***"', "***", "***", "abc"], "n": 1}
    assert redactor.data(b"\xff" + secret.encode()) == b"\xff***"


# --- on Temporal ---------------------------------------------------------------------------------------------------

SECRETS = {
    "basicAuth": json.dumps({"username": "Ada", "password": "basic-secret-1"}),
    "digestAuth": json.dumps({"username": "Ada", "password": "digest-secret-2"}),
    "bearerAuth": "bearer-secret-3",
    "oauthAuth": json.dumps({"authority": "https://auth.example", "grant": "client_credentials", "client": {"id": "me", "secret": "oauth-secret-4"}}),
    "oidcAuth": json.dumps({"authority": "https://auth.example", "grant": "client_credentials", "client": {"id": "me", "secret": "oidc-secret-5"}}),
    "plain": "plain-secret-6",
    "PLACED": "placed-secret-7",
    "structured": json.dumps({"part": "structured-secret-8"}),
}  # fmt: skip
PLANTED = [
    f"{word}-secret-{n}"
    for n, word in enumerate(("basic", "digest", "bearer", "oauth", "oidc", "plain", "placed", "structured"), 1)
]
ALL_KINDS = (
    "use: {secrets: [basicAuth, digestAuth, bearerAuth, oauthAuth, oidcAuth, plain, structured]}\ndo:\n"
    + "".join(
        f"  - {kind}: {{call: http, with: {{method: get, endpoint: {{uri: 'https://shop.example/{kind}', authentication: {{{kind}: {{use: {name}}}}}}}}}}}\n"
        for kind, name in (
            ("basic", "basicAuth"),
            ("bearer", "bearerAuth"),
            ("oauth2", "oauthAuth"),
            ("oidc", "oidcAuth"),
            ("digest", "digestAuth"),
        )
    )
    + """
  - body:
      call: http
      with:
        method: post
        endpoint: 'https://shop.example/body?key=${.secrets.PLACED}'
        headers: {X-Key: 'Key ${.secrets.PLACED}', X-Region: '${.env_vars.REGION}', X-Literal: '${ .literal }'}
        query: {q: '${ $secrets.plain }'}
        body: {part: '${ $secrets.structured.part + "!" }', list: ['${ $secrets.plain | @base64 }'], n: '${ .n }'}
      input: {from: '{n: 5, literal: $workflow.input.literal}'}
  - grpc: {call: grpc, with: {service: {name: GreeterApi.Greeter, host: localhost, port: '${ $workflow.input.port }', authentication: {bearer: {use: bearerAuth}}}, method: SayHello, arguments: {name: '${ $secrets.plain }'}}}
  - fails:
      try: [{bad: {call: http, with: {method: get, endpoint: 'https://shop.example/fail?${.secrets.PLACED}', headers: {X-Key: '${ $secrets.plain }'}}}}]
      catch: {as: error, do: [{keep: {set: {error: '${ $error }'}}}]}
"""
)


async def test_no_secret_of_any_policy_or_position_is_in_the_history_or_the_reports(stack: Any, http: Any) -> None:
    tokens = TokenService(url="https://auth.example")
    digest = DigestService("Ada", "digest-secret-2")
    expected = {
        "basic": f"Basic {base64.b64encode(b'Ada:basic-secret-1').decode()}",
        "bearer": "Bearer bearer-secret-3",
    }

    async def answer(verb: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        kind = path.strip("/").partition("?")[0]
        if kind == "digest":
            return await digest.answer(verb, path, headers, body)
        if kind in expected:
            return (200 if headers["authorization"] == expected[kind] else 401), {"echo": headers["authorization"]}
        if kind in ("body", "fail"):
            return (500 if kind == "fail" else 200), {"echo": {**headers, "path": path, "body": body.decode()}}
        return await tokens.answer(verb, path, headers, body)

    http.answer = answer
    hosts = {f"https://{name}.example": http.url for name in ("shop", "auth")}
    async with greeter(reflection=True) as (port, seen), stack.worker(http_host_map=hosts):
        execution = stack.api.add_execution(
            stack.api.add_workflow(HEAD + ALL_KINDS), {"port": port, "literal": "${.secrets.PLACED}"}
        )
        stack.api.variables[execution] = {
            **{name: (value, True) for name, value in SECRETS.items()},
            "REGION": ("eu", False),
        }
        handle = await stack.start(execution)
        await stack.api.ended(execution)
        with contextlib.suppress(WorkflowFailureError):
            await asyncio.wait_for(handle.result(), 30)
        history = (await handle.fetch_history()).to_json()
    output = stack.api.output(execution)
    assert (output["error"]["status"], "***" in output["error"]["detail"]) == (500, True)
    [(_, path, headers, body)] = [asked for asked in http.requests if asked[1].startswith("/body")]
    assert path == "/body?key=placed-secret-7&q=plain-secret-6"
    assert (headers["x-key"], headers["x-region"], headers["x-literal"]) == (
        "Key placed-secret-7",
        "eu",
        "${.secrets.PLACED}",
    )
    assert json.loads(body) == {
        "part": "structured-secret-8!",
        "list": [base64.b64encode(b"plain-secret-6").decode()],
        "n": 5,
    }
    assert seen[-1]["authorization"] == "Bearer bearer-secret-3"
    payloads = json.dumps([decoded(found) for found in _payloads(json.loads(history))])
    told = str(stack.api.reports[execution]) + str(stack.api.events[execution])
    values = [*PLANTED, *tokens.valid]
    forms = values + [base64.b64encode(value.encode()).decode().rstrip("=") for value in values]
    forms.append(base64.b64encode(b"Ada:basic-secret-1").decode())
    assert "***" in payloads
    for text in (history, payloads, told):
        assert [form for form in forms if form in text] == []


def _payloads(value: Any) -> list[str]:
    """Every payload's data in a history."""
    if isinstance(value, dict):
        own = [value["data"]] if isinstance(value.get("data"), str) else []
        return own + [found for item in value.values() for found in _payloads(item)]
    return [found for item in value for found in _payloads(item)] if isinstance(value, list) else []


def decoded(data: str) -> str:
    return base64.b64decode(data + "==").decode("utf-8", "replace")


async def test_a_missing_secret_is_named_before_anything_starts(runner: Any, http: Any) -> None:
    text = f"use: {{secrets: [key]}}\ndo: [{{a: {{call: http, with: {{method: get, endpoint: '{http.url}', headers: {{A: '${{ $secrets.key }}', B: '${{.secrets.OTHER}}', C: '${{.env_vars.REGION}}'}}}}}}}}]"
    execution, _ = await runner.run(HEAD + text)
    status = runner.api.status(execution)
    assert (status.phase, http.requests, list(status.tasks)) == (FAILED, [], [])
    assert "has no value for the secret 'OTHER', 'key' and the variable 'REGION'" in status.error
    assert "errors/authorization, status 403" in status.error


async def test_the_kit_s_calls_run_on_temporal(stack: Any, http: Any) -> None:
    http.answer = petstore
    hosts = {f"https://{name}": http.url for name in ("petstore.swagger.io", "httpbin.org")}
    text = """
do:
  - login: {call: http, with: {method: get, endpoint: {uri: 'https://httpbin.org/basic-auth/{username}/{password}', authentication: {basic: {username: '${ .username }', password: '${ .password }'}}}}}
  - pet: {call: openapi, with: {document: {endpoint: 'https://petstore.swagger.io/v2/swagger.json'}, operationId: getPetById, parameters: {petId: 1}, output: response}}
  - none: {call: openapi, with: {document: {endpoint: 'https://petstore.swagger.io/v2/swagger.json'}, operationId: getPetById, parameters: {petId: 7}}}
"""
    async with stack.worker(http_host_map=hosts):
        execution, _ = await stack.run(HEAD + text, {"username": "serverless-workflow", "password": "conformance-test"})
    error = stack.api.status(execution).error
    assert error.startswith("Communication error: GET https://petstore.swagger.io/v2/pet/7 answered 404")
    assert error.endswith("errors/communication, status 404) at /do/2/none")
    assert json.loads(stack.api.tasks(execution)["/do/1/pet"].output_json)["content"]["name"] == "Rex"
