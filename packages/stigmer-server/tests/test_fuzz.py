"""Random requests to every method: whatever comes in, the answer is a canonical code and the server lives.

STIGMER_FUZZ_MESSAGES and STIGMER_FUZZ_SEED make a longer or another run; `nox -s prove` draws a seed.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest
from fuzz_messages import Requests
from google.protobuf.message import DecodeError
from proof_servers import running_server
from server_testing import (
    AGENT_SPEC,
    call,
    make_agent,
    make_agent_execution,
    make_workflow,
    make_workflow_execution,
    request,
    resource,
)

from stigmer_api.client import MAX_MESSAGE_BYTES, AsyncClient
from stigmer_api.errors import InvalidArgument
from stigmer_api.methods import Method, service_methods, services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from proof_servers import ServerProcess

    from stigmer_server.app import App

_MESSAGES = int(os.environ.get("STIGMER_FUZZ_MESSAGES", "20000"))
_SEED = int(os.environ.get("STIGMER_FUZZ_SEED", "1"))
_AT_ONCE = 32
_FRESH_EVERY = 20 * _AT_ONCE
_UNARY_SECONDS = 30.0
"""A unary call that takes longer has held everybody up: that is a failure."""
_STREAM_SECONDS = 0.05
_OFTEN = frozenset({"create", "apply", "update", "updateStatus", "list", "List", "search", "Watch"})
_FORBIDDEN = frozenset({grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server process of its own: nothing that happens to it can hide in the test process."""
    with running_server(tmp_path / "home") as server:
        yield server


def _methods() -> list[Method]:
    """Every declared method; those that store or read most stand three times."""
    found = [method for service in services() for method in service_methods(service).values()]
    return [method for method in found for _ in range(3 if method.name in _OFTEN else 1)]


class _Fuzzer:
    """Sends rounds of requests and notes what must not be."""

    def __init__(self, channel: Any, token: str) -> None:
        self.codes: Counter[grpc.StatusCode] = Counter()
        self.called: set[str] = set()
        self.faults: list[str] = []
        self.requests = Requests(_SEED)
        self._channel = channel
        self._metadata = (("authorization", f"Bearer {token}"),)

    async def round(self, methods: list[Method]) -> None:
        """One request to each of these methods, all at once. What the answers teach is learnt in order."""
        bodies = [self.requests.request(method) for method in methods]
        calls = map(self._call, methods, bodies)
        for method, body, (code, details, answer) in zip(methods, bodies, await asyncio.gather(*calls), strict=True):
            self.codes[code] += 1
            self.called.add(method.path)
            late = code is grpc.StatusCode.DEADLINE_EXCEEDED and not method.server_streaming
            if code in _FORBIDDEN or late:
                self.faults.append(f"{method.path} {code.name} {details!r} for {body[:2000]!r}")
            if answer is not None:
                try:
                    self.requests.learn(method.response.FromString(answer))
                except DecodeError as error:
                    self.faults.append(f"{method.path}: its answer is none: {error} for {body[:2000]!r}")

    async def _call(self, method: Method, body: bytes) -> tuple[grpc.StatusCode, str, bytes | None]:
        try:
            if not method.server_streaming:
                unary = self._channel.unary_unary(method.path)
                answer = await unary(body, timeout=_UNARY_SECONDS, metadata=self._metadata)
                return grpc.StatusCode.OK, "", answer
            stream = self._channel.unary_stream(method.path)
            async for _ in stream(body, timeout=_STREAM_SECONDS, metadata=self._metadata):
                pass
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or "", None
        return grpc.StatusCode.OK, "", None


async def _fill(client: AsyncClient, requests: Requests, number: int) -> None:
    """Something stored of the kinds that others refer to: references find something, although much gets deleted."""
    agent, workflow = await make_agent(client, f"filled-{number}"), await make_workflow(client, f"filled-{number}")
    executions = [await make_agent_execution(client, agent.metadata.id) for _ in range(5)]
    executions += [await make_workflow_execution(client, workflow.metadata.id) for _ in range(5)]
    environment = await client.call("environment", "create", resource("environment", f"filled-{number}"))
    for stored in (agent, workflow, environment, *executions):
        requests.learn(stored)


@pytest.mark.timeout(3600)
async def test_every_method_answers_random_messages_with_a_canonical_code(server: ServerProcess) -> None:
    options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.max_metadata_size", 65536)]
    methods = _methods()
    async with (
        AsyncClient(server.address, server.token) as client,
        grpc.aio.insecure_channel(server.address, options=options) as channel,
    ):
        fuzzer = _Fuzzer(channel, server.token)
        for start in range(0, _MESSAGES, _AT_ONCE):
            if start % _FRESH_EVERY == 0:
                await _fill(client, fuzzer.requests, start)
            await fuzzer.round([methods[number % len(methods)] for number in range(start, start + _AT_ONCE)])
        assert not fuzzer.faults, _report(server, fuzzer)
        assert fuzzer.codes.total() >= _MESSAGES
        assert fuzzer.called == {method.path for method in methods}
        assert fuzzer.codes[grpc.StatusCode.OK] > _MESSAGES / 20, f"hardly anything was taken: {fuzzer.codes}"
        assert not server.logged("unexpected failure"), _report(server, fuzzer)
        assert (await client.call("agent", "create", resource("agent", "after", AGENT_SPEC))).metadata.id
    assert server.process.poll() is None
    assert server.stop() == 0


async def test_a_request_that_nests_too_deep_for_a_list_is_refused(client: AsyncClient) -> None:
    environment = resource("environment", "deep")
    groups = b"\x4b" * 95 + b"\x4c" * 95  # an unknown group, which is kept as it is
    environment.MergeFromString(groups)
    with pytest.raises(InvalidArgument, match="nests deeper"):
        await client.call("environment", "create", environment)
    environment = resource("environment", "less-deep")
    environment.MergeFromString(groups[10:-10])
    await client.call("environment", "create", environment)
    assert len((await call(client, "environment", "list", org="local")).items) == 1


async def test_what_the_wire_can_carry_and_the_server_cannot_reach_is_no_failure(client: AsyncClient) -> None:
    execution = await make_workflow_execution(client, (await make_workflow(client)).metadata.id)
    execution_id = execution.metadata.id
    answer = await call(
        client, "workflow_execution", "getEventLog", execution_id=execution_id, after_sequence=2**64 - 1
    )
    assert not answer.events
    flags = {"update_pending_approvals": True, "update_pending_file_reviews": True}
    await call(client, "workflow_execution", "updateStatus", execution_id=execution_id, status={"error": "x"}, **flags)
    page = request("workflow_execution", "list")
    page.filter.started_after.nanos = -1
    with pytest.raises(InvalidArgument, match="started_after"):
        await client.call("workflow_execution", "list", page)


async def test_connections_that_break_off_or_talk_nonsense_harm_nobody(app: App, client: AsyncClient) -> None:
    """Frames are cut inside HTTP/2 and inside gRPC's own framing, at every length."""
    host, _, port = app.address.rpartition(":")
    whole = _http2_request("/ai.stigmer.agentic.agent.v1.AgentQueryController/get", app.token)
    for cut in range(0, len(whole), 5):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(whole[:cut] + (b"\xff" * 40 if cut % 2 else b""))
        with suppress(ConnectionError):
            await writer.drain()
        writer.transport.abort()
        del reader
    assert (await make_agent(client)).metadata.id


def _http2_request(path: str, token: str) -> bytes:
    """A gRPC call by hand: preface, settings, headers as literals, and a message that says it is longer than it is."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
        "authorization": f"Bearer {token}",
    }
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in headers.items()
    )
    message = b"\0" + (1000).to_bytes(4, "big") + b"\x0a\x20" + b"a" * 32
    frames = [_frame(4, 0, 0, b""), _frame(1, 4, 1, block), _frame(0, 1, 1, message)]
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"".join(frames)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _report(server: ServerProcess, fuzzer: _Fuzzer) -> str:
    logged = Counter(str(line.get("exception", ""))[-1500:] for line in server.logged("unexpected failure"))
    parts = [f"{count} times: {text}" for text, count in logged.most_common(10)]
    return "\n\n".join([f"seed {_SEED}: {len(fuzzer.faults)} faults, {fuzzer.codes}", *parts, *fuzzer.faults[:10]])
