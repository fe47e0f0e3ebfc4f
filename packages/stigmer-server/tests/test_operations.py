"""What operators see: metrics and health on loopback, the audit log, limits, and a full disk that is survived."""

from __future__ import annotations

import asyncio
import json
import stat
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2, status_pb2
from server_testing import AGENT_SPEC, call, eventually, make_agent, make_workflow, report, resource

from stigmer_api.client import AsyncClient
from stigmer_api.errors import DeadlineExceeded, ResourceExhausted
from stigmer_api.methods import method
from stigmer_server.errors import StartupError
from stigmer_server.operations.audit import AuditLog
from stigmer_server.operations.calls import Mutation
from stigmer_server.rpc.without_behaviour import WITHOUT_BEHAVIOUR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stigmer_server.app import App


async def _ask(port: int, text: str) -> tuple[int, str]:
    """Status and whole answer of one raw HTTP request."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text.encode())
        answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
    return int(answer.split(" ")[1]), answer


async def _get(port: int, path: str, host: str = "") -> tuple[int, str]:
    return await _ask(port, f"GET {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\n\r\n")


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def _audit(app: App) -> list[dict[str, Any]]:
    app.audit.flush()
    path = app.settings.home / "data" / "logs" / "audit.log"
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_metrics_tell_calls_revision_outbox_and_streams(serving: Callable[..., Any]) -> None:
    async with serving(http_port=0) as app, AsyncClient(app.address, app.token) as client:
        agent = await make_agent(client)
        message = resource("agent_execution", "run", {"agent_id": agent.metadata.id, "message": "hello"})
        execution = await client.call("agent_execution", "create", message)
        follow = method("agent_execution", "subscribe")
        stream: Any = client.stream("agent_execution", "subscribe", follow.request(value=execution.metadata.id))
        await anext(stream)
        status, text = await _get(app.http.port, "/metrics")
        assert status == 200
        path = method("agent", "create").path
        assert f'stigmer_rpc_calls_total{{code="OK",method="{path}"}} 1.0' in text
        assert f'stigmer_rpc_seconds_count{{code="OK",method="{path}"}} 1.0' in text
        assert f"stigmer_store_revision {float(await app.repository.revision())}" in text
        assert "stigmer_outbox_items 1.0" in text
        assert 'stigmer_streams{stream="subscribe"} 1.0' in text
        for name in ("lag", "delivered_total", "coalesced_total", "publish_seconds_bucket"):
            assert f"stigmer_streams_{name}" in text
        assert "stigmer_server_uptime_seconds" in text
        assert 'stigmer_server_info{version="' in text
        await stream.aclose()


async def test_health_answers_and_says_when_the_database_does_not(serving: Callable[..., Any]) -> None:
    async with serving(http_port=0) as app:
        status, text = await _get(app.http.port, "/healthz", "localhost")
        assert status == 200
        assert json.loads(text.rpartition("\r\n\r\n")[2])["status"] == "serving"
        await app.repository.close()
        assert (await _get(app.http.port, "/healthz"))[0] == 503
        assert (await _get(app.http.port, "/metrics"))[0] == 503


async def test_only_this_machine_by_its_own_name_is_answered(serving: Callable[..., Any]) -> None:
    async with serving(http_port=0) as app:
        port = app.http.port
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1:1", "127.0.0.1.evil.example"):
            assert (await _get(port, "/metrics", host))[0] == 403
        assert (await _ask(port, "GET /metrics HTTP/1.1\r\n\r\n"))[0] == 403
        twice = f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n{port}"
        assert (await _ask(port, twice))[0] == 403
        status, text = await _get(port, "/metrics", f"localhost:{port}")
        assert status == 200
        assert "access-control" not in text.lower()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        ("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        ("nonsense\r\n\r\n", 400),
        ("GET /metrics HTTP/1.1\r\nX: " + "x" * 20_000 + "\r\n\r\n", 431),
    ],
    ids=["other page", "other verb", "no http", "too long"],
)
async def test_what_is_no_proper_question_gets_its_status(serving: Callable[..., Any], text: str, status: int) -> None:
    async with serving(http_port=0) as app:
        assert (await _ask(app.http.port, text))[0] == status


async def test_without_a_port_nothing_listens_and_a_taken_one_is_named(
    serving: Callable[..., Any], tmp_path: Path
) -> None:
    async with serving() as app:
        assert app.http is None
    async with serving(http_port=0) as app:
        with pytest.raises(StartupError, match="STIGMER_HTTP_PORT"):
            async with serving(tmp_path / "other", http_port=app.http.port):
                pass


async def test_the_audit_log_has_a_line_for_each_resource_that_was_changed(app: App, client: AsyncClient) -> None:
    agent = await make_agent(client)
    await client.call("agent", "apply", resource("agent", "greeter", AGENT_SPEC))  # changes nothing
    await call(client, "agent", "updateVisibility", resource_id=agent.metadata.id, visibility=2)
    await call(client, "agent", "delete", value=agent.metadata.id)
    lines = _audit(app)
    told = [(line["method"].rpartition("/")[2], line["kind"], line["operation"]) for line in lines]
    assert told[:3] == [("create", "agent", "create"), ("create", "agent_instance", "create"), told[2]]
    assert told[2] == ("updateVisibility", "agent", "update")
    assert sorted(told[3:]) == [("delete", "agent", "delete"), ("delete", "agent_instance", "delete")]
    assert lines[0]["revision_before"] == 0
    assert lines[0]["revision_after"] == agent.metadata.revision == lines[2]["revision_before"]
    assert lines[0]["who"].startswith("token:")
    assert app.token not in json.dumps(lines)
    assert lines[0]["request_id"]
    assert lines[0]["peer"]
    assert lines[0]["id"] == agent.metadata.id
    assert stat.S_IMODE((app.settings.home / "data" / "logs" / "audit.log").stat().st_mode) == 0o600


async def test_the_audit_log_is_set_aside_by_size_and_survives_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = AuditLog(path, "token:x", max_bytes=1000, max_files=2)
    for number in range(40):
        log.record([Mutation("agent", f"agt-{number}", "update", number, number + 1)])
        log.flush()
    assert {"audit.log.1", "audit.log.2"} <= _names(tmp_path) <= {"audit.log", "audit.log.1", "audit.log.2"}
    blocked = AuditLog(tmp_path / "audit.log.1" / "audit.log", "token:x")
    blocked.record([Mutation("agent", "agt-1", "update", 1, 2)])
    blocked.flush()
    assert blocked.lost == 1


async def test_a_call_that_takes_too_long_ends_with_a_status_that_names_the_limit(
    serving: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(max_call_seconds=0.05) as app, AsyncClient(app.address, app.token) as client:

        async def never(*_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(app.repository, "get", never)
        with pytest.raises(DeadlineExceeded, match=r"server\.max_call_seconds"):
            await call(client, "agent", "get", value="agt-x")


async def _refusal(app: App, path: str, body: bytes) -> grpc.aio.AioRpcError:
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(app.address, options=options) as channel:
        multi: Any = channel.unary_unary(path)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await multi(body, metadata=[("authorization", f"Bearer {app.token}")], timeout=60)
    return refused.value


def _reason(error: grpc.aio.AioRpcError) -> str:
    trailing: Any = dict(error.trailing_metadata() or ())
    info = error_details_pb2.ErrorInfo()
    status_pb2.Status.FromString(trailing["grpc-status-details-bin"]).details[0].Unpack(info)
    return str(info.reason)


async def test_messages_beyond_the_limit_are_refused_naming_it(serving: Callable[..., Any]) -> None:
    limit = 1024 * 1024
    async with serving(max_message_bytes=limit) as app, AsyncClient(app.address, app.token) as client:
        path = method("workflow", "create").path
        error = await _refusal(
            app, path, resource("workflow", "x", {"description": "x" * (limit + 1)}).SerializeToString()
        )
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert _reason(error) == "MESSAGE_TOO_LARGE"
        assert str(limit) in str(error.details())
        far = await _refusal(app, path, b"\x0a" * (5 * limit))  # gRPC itself refuses it before it is read
        assert far.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        for number in range(3):
            spec = {**AGENT_SPEC, "script": "# " + "x" * 400_000}
            await client.call("agent", "create", resource("agent", f"large-{number}", spec))
        with pytest.raises(ResourceExhausted, match="smaller page"):
            await call(client, "stigmer.runtime.v1.ResourceService", "List", kinds=["agent"])
        assert (await call(client, "agent", "getByReference", slug="large-0")).metadata.name == "large-0"


def _nested(depth: int, tag: bytes) -> bytes:
    """A message within a message within a message, each as field `tag`."""
    body = b""
    for _ in range(depth):
        body = tag + _varint(len(body)) + body
    return body


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


_LENGTH = bytes.fromhex("ffffffffffffffffff01")
_HOSTILE = {
    "truncated": resource("agent", "x", AGENT_SPEC).SerializeToString()[:-3],
    "bad UTF-8": b"\x0a\x02\xc3\x28",
    "a length without end": b"\x0a" + _LENGTH,
    "field number 0": b"\x02\x01x",
    "an open group": b"\x0b" * 5000,
    "deep unknown fields": _nested(5000, b"\xfa\x3f"),
    "deep in a Struct": b"\x22" + _varint(len(_nested(3000, b"\x1a"))) + _nested(3000, b"\x1a"),
    "a varint of 11 bytes": b"\x08" + b"\xff" * 11,
}


@pytest.mark.parametrize("name", _HOSTILE)
async def test_hostile_bytes_get_a_canonical_code_and_the_server_lives(
    app: App, client: AsyncClient, name: str
) -> None:
    fine = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
    for kind, verb in (
        ("agent", "create"),
        ("workflow", "apply"),
        ("workflow_execution", "updateStatus"),
        ("agent_execution", "updateStatus"),
        ("environment", "updateVariables"),
    ):
        found = method(kind, verb)
        assert found.path not in WITHOUT_BEHAVIOUR
        assert (await _refusal(app, found.path, _HOSTILE[name])).code() in fine, found.path
    await make_agent(client)


async def test_deep_json_in_a_report_is_refused_or_kept_and_the_server_lives(client: AsyncClient) -> None:
    workflow = await make_workflow(client)
    message = resource("workflow_execution", "run", {"workflow_id": workflow.metadata.id})
    execution = await client.call("workflow_execution", "create", message)
    await report(client, execution, 1, phase="EXECUTION_COMPLETED", output_json="[" * 50_000 + "]" * 50_000)
    found = await call(client, "workflow_execution", "get", value=execution.metadata.id)
    assert found.metadata.id == execution.metadata.id


async def test_a_full_disk_is_resource_exhausted_and_mends_itself(serving: Callable[..., Any]) -> None:
    async with serving() as app, AsyncClient(app.address, app.token) as client:
        kept = await make_agent(client, "kept")

        def limit(pages: int) -> None:
            with app.repository._engines.writer.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        await asyncio.to_thread(limit, 1)  # means: not one page more than there are

        async def fill() -> None:
            for number in range(200):
                await make_agent(client, f"more-{number}")

        with pytest.raises(ResourceExhausted) as refused:
            await fill()
        assert refused.value.reason == "STORE_FULL"
        assert (await call(client, "agent", "get", value=kept.metadata.id)) == kept
        await asyncio.to_thread(limit, 1_000_000)

        async def stored() -> Any:
            return await client.call("agent", "create", resource("agent", "after", AGENT_SPEC))

        assert (await eventually(stored, "no room again")).metadata.name == "after"
