"""Five secrets go in through every door; nothing that is written, sent or logged may hold one of them afterwards."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from server_testing import AGENT_SPEC, SOURCE, call, make_agent_execution, report, resource

from stigmer_api.client import AsyncClient
from stigmer_api.errors import ApiError
from stigmer_api.methods import method

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from stigmer_server.app import App

_SECRETS = (
    "plain-s3cret-value-1",
    "with space & Ümläut/2?=",
    'quote"back\\slash\n3',
    "p@ss:wörd;--'4",
    "-----BEGIN KEY-----\nabc+/=5\n-----END KEY-----",
)
_NAMES = ("ONE", "TWO", "THREE", "FOUR", "FIVE")
_OPEN = "not-a-secret-at-all"
_ALL: dict[str, dict[str, Any]] = {
    name: {"value": value, "is_secret": True} for name, value in zip(_NAMES, _SECRETS, strict=True)
}


def _forms(secret: str) -> Iterator[bytes]:
    """How a secret may look when something wrote it down: plain, base64 at each offset, URL- and JSON-escaped."""
    raw = secret.encode()
    yield raw
    for shift in range(3):  # base64 of a text that has the secret in it
        whole = base64.b64encode(b"\0" * shift + raw)
        part = whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
        yield part
        yield part.translate(bytes.maketrans(b"+/", b"-_"))
    for text in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield text.encode()
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield repr(secret)[1:-1].encode()
    yield raw.hex().encode()


def _found(places: dict[str, bytes]) -> list[str]:
    return [
        f"{name} of {where}"
        for where, content in places.items()
        for name, secret in zip(_NAMES, _SECRETS, strict=True)
        if any(form in content for form in _forms(secret))
    ]


def _files(home: Path) -> dict[str, bytes]:
    """Every file of a home: database, write-ahead log, audit log, and whatever else there is."""
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


async def _collect(seen: list[bytes], stream: Any) -> None:
    with contextlib.suppress(ApiError, asyncio.CancelledError):
        async for message in stream:
            seen.append(message.SerializeToString())  # noqa: PERF401 - what came before the end has to stay


class _Session:
    """One client and everything that it was answered, except where a secret belongs."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.answers: list[bytes] = []

    async def send(self, kind: str, verb: str, message: Any) -> Any:
        """A whole request."""
        try:
            answer = await self.client.call(kind, verb, message)
        except ApiError as error:
            self.answers.append(f"{error.message} {error.metadata} {error.violations}".encode())
            raise
        self.answers.append(answer.SerializeToString())
        return answer

    async def ask(self, kind: str, verb: str, **fields: Any) -> Any:
        """A request of these fields."""
        answer = await call(self.client, kind, verb, **fields)
        self.answers.append(answer.SerializeToString())
        return answer


async def _through_the_environment(session: _Session) -> str:
    message = resource("environment", "prod", {"data": {**_ALL, "OPEN": {"value": _OPEN}}})
    made = await session.send("environment", "create", message)
    environment_id = str(made.metadata.id)
    await session.send("environment", "apply", message)
    changed = {**_ALL, "ONE": {**_ALL["TWO"]}}
    await session.send("environment", "update", resource("environment", "prod", {"data": changed}))
    await session.ask("environment", "updateVariables", environment_id=environment_id, variables=_ALL)
    await session.ask("environment", "get", value=environment_id)
    await session.ask("environment", "getByReference", slug="prod")
    await session.ask("environment", "list", org="local")
    await session.ask("stigmer.runtime.v1.ResourceService", "List")
    await session.ask("ai.stigmer.search.v1.SearchService", "search", query="prod")
    with contextlib.suppress(ApiError):
        await session.send("environment", "create", message)  # ALREADY_EXISTS
    with contextlib.suppress(ApiError):
        await session.send("environment", "create", resource("environment", "1 bad name", {"data": _ALL}))
    return environment_id


async def _through_executions(session: _Session) -> list[Any]:
    env = {name: {"is_secret": True} for name in _NAMES}
    refs = [{"kind": "environment", "slug": "prod", "org": "local"}]
    agent = await session.send("agent", "create", resource("agent", "greeter", {**AGENT_SPEC, "env": env}))
    workflow = await session.send("workflow", "create", resource("workflow", "hello", {"source": SOURCE, "env": env}))
    body = {"workflow_id": workflow.metadata.id, "environment_refs": refs}
    instance = await session.send("workflow_instance", "create", resource("workflow_instance", "mine", body))
    bare = {"workflow_instance_id": instance.metadata.id}
    unmarked = {name: {"value": item["value"]} for name, item in _ALL.items()}  # secret by declaration only
    executions = [
        await make_agent_execution(session.client, agent.metadata.id, runtime_env=unmarked),
        await session.send("workflow_execution", "create", resource("workflow_execution", "run", bare)),
        await session.send(
            "workflow_execution", "create", resource("workflow_execution", "run", {**bare, "runtime_env": _ALL})
        ),
    ]
    session.answers += [execution.SerializeToString() for execution in executions]
    context = resource("execution_context", "by-hand", {"execution_id": "aex-by-hand", "data": _ALL})
    await session.send("execution_context", "create", context)
    with contextlib.suppress(ApiError):
        wrong = resource("execution_context", "by-hand", {"execution_id": "aex-by-hand", "data": {"ONE": _ALL["TWO"]}})
        await session.send("execution_context", "apply", wrong)
    return executions


async def _check_the_ways_out(client: AsyncClient, environment_id: str, executions: list[Any]) -> None:
    for name, secret in zip(_NAMES, _SECRETS, strict=True):
        answer = await call(client, "environment", "getSecretValue", environment_id=environment_id, key=name)
        assert answer.value == secret
    for execution in executions:
        context = await call(client, "execution_context", "getByExecutionId", execution_id=execution.metadata.id)
        assert {name: item.value for name, item in context.spec.data.items()} == dict(
            zip(_NAMES, _SECRETS, strict=True)
        )


async def _stored(app: App) -> dict[str, bytes]:
    """Change log and outbox as they are read."""
    changes = await app.repository.changes(0, 10_000)
    return {f"change {change.revision} of {change.kind}": change.record.body for change in changes}


async def test_no_secret_is_anywhere_but_where_it_is_asked_for(
    tmp_path: Path, serving: Callable[..., Any], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    home = tmp_path / "home"
    streamed: list[bytes] = []
    async with serving(home, http_port=0) as app, AsyncClient(app.address, app.token) as client:
        session = _Session(client)
        watch = method("stigmer.runtime.v1.ResourceService", "Watch")
        following = [asyncio.create_task(_collect(streamed, client.stream(watch.service, "Watch", watch.request())))]
        environment_id = await _through_the_environment(session)
        executions = await _through_executions(session)
        for execution in executions:
            kind = "agent_execution" if execution.kind == "AgentExecution" else "workflow_execution"
            field = "value" if kind == "agent_execution" else "execution_id"
            follow = method(kind, "subscribe").request(**{field: execution.metadata.id})
            following.append(asyncio.create_task(_collect(streamed, client.stream(kind, "subscribe", follow))))
            await session.ask(kind, "get", value=execution.metadata.id)
        await _check_the_ways_out(client, environment_id, executions)
        for execution in executions:
            await report(client, execution, 1, phase="EXECUTION_COMPLETED")
        async with asyncio.timeout(20):
            await asyncio.gather(*following[1:])  # each ends with its execution
        await session.ask("environment", "removeVariables", environment_id=environment_id, keys=["ONE"])
        metrics = await app.metrics.render()
        places = {**await _stored(app), **_files(home), "metrics": metrics}  # with the write-ahead log as it is
        following[0].cancel()
        await asyncio.gather(*following)
    assert len(streamed) > len(executions)
    printed = capfd.readouterr()
    places |= {f"{name} after the end": content for name, content in _files(home).items()}
    places |= {"logs": (caplog.text + printed.out + printed.err).encode(), "answers": b"\n".join(session.answers)}
    places["streams"] = b"\n".join(streamed)
    assert _found(places) == []
    for where in ("answers", "streams", "data/stigmer.db after the end"):
        assert _OPEN.encode() in places[where], f"the scan does not see {where}"
    for name in ("data/logs/audit.log", "data/stigmer.db-wal"):
        assert places[name], f"the scan does not see {name}"
