"""Calls that show a certificate, against servers that take nobody without one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from runner_certificates import Authority, Issued
from runner_documents import HEAD
from runner_peer import HttpService
from runner_services import Notifier, greeter
from runner_testing import offline_calls

from stigmer_api.dsl.definition import read_text
from stigmer_workflow_runner.errors import Fault
from stigmer_workflow_runner.inprocess import InProcessRuntime, run_document

Run = Callable[..., Any]
POLICY = "{certificate: {certificate: '${ .certificate }', key: '${ .key }', authorities: '${ .authorities }'}}"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("tests")


@pytest.fixture(scope="module")
def ada(authority: Authority) -> Issued:
    return authority.issue("ada")


@pytest.fixture
async def https(authority: Authority, tmp_path: Path) -> AsyncIterator[HttpService]:
    """An HTTP service that asks for certificates."""
    service = HttpService()
    await service.start(tls=authority.server_tls(tmp_path))
    yield service
    await service.stop()


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    web, calls = offline_calls()

    async def execute(text: str, given: Any = None) -> Any:
        return await run_document(read_text(HEAD + text)[0], given, InProcessRuntime(calls))

    yield execute
    await web.close()


def get(port: int, policy: str = POLICY, scheme: str = "https") -> str:
    endpoint = f"{{uri: '{scheme}://localhost:{port}/x', authentication: {policy}}}"
    return f"do: [{{t: {{call: http, with: {{method: get, endpoint: {endpoint}}}}}}}]"


def shown(issued: Issued, authority: Authority, **more: str) -> dict[str, str]:
    return {"certificate": issued.certificate, "key": issued.key, "authorities": authority.certificate, **more}


async def fault_of(run: Run, text: str, given: Any) -> tuple[str, int, str]:
    with pytest.raises(Fault) as found:
        await run(text, given)
    error = found.value.error
    return error["type"].rpartition("/")[2], error["status"], error["detail"]


async def test_a_service_that_asks_for_a_certificate_gets_it(
    run: Run, https: HttpService, authority: Authority, ada: Issued
) -> None:
    assert (await run(get(https.port), shown(ada, authority)))["path"] == "/x"
    assert "authorization" not in https.requests[0][2]
    sealed = authority.issue("ada", password="open sesame")
    policy = POLICY.replace("key:", "password: '${ .password }', key:")
    assert (await run(get(https.port, policy), shown(sealed, authority, password="open sesame")))["path"] == "/x"
    kind, _, detail = await fault_of(run, get(https.port, policy), shown(sealed, authority, password="wrong"))
    assert (kind, "no PEM text of a certificate and its key" in detail) == ("authentication", True)


async def test_a_certificate_of_somebody_else_and_none_at_all_are_refused_by_the_service(
    run: Run, https: HttpService, authority: Authority, ada: Issued
) -> None:
    stranger = Authority("others").issue("eve")
    assert (await fault_of(run, get(https.port), shown(stranger, authority)))[:2] == ("communication", 503)
    bearer = get(https.port, "{bearer: {token: t-1}}")
    assert (await fault_of(run, bearer, None))[:2] == ("communication", 503)
    untrusted = shown(ada, Authority("others"))
    kind, _, detail = await fault_of(run, get(https.port), untrusted)
    assert (kind, "certificate verify failed" in detail) == ("communication", True)
    assert https.requests == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": "no key"}, "'certificate' and 'key' are no PEM text"),
        ({"key": ""}, "certificate authentication needs 'key' as text that is not empty"),
        ({"authorities": "nobody"}, "'authorities' is no PEM text of certificates"),
    ],
)
async def test_what_is_no_certificate_is_an_authentication_error_that_says_so(
    run: Run, https: HttpService, authority: Authority, ada: Issued, change: dict[str, str], reason: str
) -> None:
    kind, status, detail = await fault_of(run, get(https.port), {**shown(ada, authority), **change})
    assert (kind, status, reason in detail) == ("authentication", 401, True), detail


async def test_a_certificate_is_not_sent_in_the_clear(
    run: Run, http: HttpService, authority: Authority, ada: Issued
) -> None:
    kind, _, detail = await fault_of(run, get(http.port, scheme="http"), shown(ada, authority))
    assert (kind, "a certificate can be shown to https only" in detail) == ("configuration", True)
    assert http.requests == []


async def test_grpc_and_websocket_show_it_too(run: Run, authority: Authority, ada: Issued, tmp_path: Path) -> None:
    async with greeter(reflection=True, tls=authority.grpc_credentials()) as (port, seen):
        service = f"{{name: GreeterApi.Greeter, host: localhost, port: {port}, authentication: {POLICY}}}"
        call = f"{{service: {service}, method: SayHello, arguments: {{name: Ada}}}}"
        answer = await run(f"do: [{{t: {{call: grpc, with: {call}}}}}]", shown(ada, authority))
        assert (answer["message"], "authorization" in seen[-1]) == ("Hello Ada", False)
        stranger = shown(Authority("others").issue("eve"), authority)
        kind, status, _ = await fault_of(run, f"do: [{{t: {{call: grpc, with: {call}}}}}]", stranger)
        assert (kind, status) == ("communication", 503)
    async with Notifier([{"n": 1}], hang_up=True).serve(authority.server_tls(tmp_path)) as notifier:
        document = {
            "asyncapi": "3.0.0",
            "servers": {"s": {"host": f"localhost:{notifier.port}", "protocol": "wss"}},
            "channels": {"notes": {"address": "/notes"}},
            "operations": {"hear": {"action": "receive", "channel": {"$ref": "#/channels/notes"}}},
        }
        (tmp_path / "here").mkdir()
        (tmp_path / "here" / "api.json").write_text(json.dumps(document))
        web, calls = offline_calls(files_directory=tmp_path)
        text = (
            "do: [{t: {call: asyncapi, with: {document: {endpoint: 'file://here/api.json'}, operation: hear, "
            f"protocol: ws, authentication: {POLICY}, subscription: {{consume: {{amount: 1}}}}}}}}}}]"
        )
        value = read_text(HEAD + text)[0]
        [message] = await run_document(value, shown(ada, authority), InProcessRuntime(calls))
        await web.close()
        assert message["payload"] == {"n": 1}


async def test_a_key_from_a_secret_is_in_no_history_and_no_report(
    stack: Any, https: HttpService, authority: Authority, ada: Issued
) -> None:
    async def answer(_verb: str, _path: str, _headers: dict[str, str], _body: bytes) -> Any:
        return 500, {"echo": ada.key}

    https.answer = answer
    endpoint = f"https://localhost:{https.port}/x"
    fields = {name: f"${{ $secrets.identity.{name} }}" for name in ("certificate", "key", "authorities")}

    def asking(policy: dict[str, Any]) -> dict[str, Any]:
        where = {"uri": endpoint, "authentication": {"certificate": policy}}
        return {"call": "http", "with": {"method": "get", "endpoint": where}}

    tasks = [{"t": {"try": [{"a": asking({"use": "identity"})}], "catch": {}}}, {"u": asking(fields)}]
    text = "use: {secrets: [identity]}\ndo: " + json.dumps(tasks)
    async with stack.worker():
        execution = stack.api.add_execution(stack.api.add_workflow(HEAD + text))
        stack.api.variables[execution] = {"identity": (json.dumps(shown(ada, authority)), True)}
        handle = await stack.start(execution)
        status = await stack.api.ended(execution)
        history = (await handle.fetch_history()).to_json()
    assert len(https.requests) == 2
    assert "***" in status.error
    line = ada.key.splitlines()[1]
    told = str(stack.api.reports[execution]) + str(stack.api.events[execution])
    assert line not in history + told
