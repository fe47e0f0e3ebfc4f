"""The edge: every declared method answers, nothing ends as UNKNOWN or INTERNAL, and only the token opens the door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from server_testing import AGENT_SPEC, call, empty, make_agent, resource

from stigmer_api.client import AsyncClient
from stigmer_api.errors import InvalidArgument, Unauthenticated
from stigmer_api.kinds import KINDS
from stigmer_api.methods import service_methods, services
from stigmer_server.app import FREE_METHODS
from stigmer_server.errors import StartupError
from stigmer_server.kinds import REGISTRATIONS
from stigmer_server.resources.registry import Registration, ResourceRegistry, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.rpc.install import install
from stigmer_server.rpc.without_behaviour import WITHOUT_BEHAVIOUR
from stigmer_server.search import search

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from stigmer_server.app import App

_METHODS = [method for service in services() for method in service_methods(service).values()]


@pytest.fixture
async def channel(app: App) -> AsyncIterator[grpc.aio.Channel]:
    """A bare channel to the server, without token."""
    async with grpc.aio.insecure_channel(app.address) as channel:
        yield channel


async def _code(channel: Any, path: str, body: bytes, token: str, *, stream: bool = False) -> Any:
    """Call a path with raw bytes; the AioRpcError, or None when it succeeded: a stream, with its first response."""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    try:
        if stream:
            call = channel.unary_stream(path)(body, metadata=metadata, timeout=20)
            async for _ in call:
                call.cancel()
                return None
        else:
            await channel.unary_unary(path)(body, metadata=metadata, timeout=20)
    except grpc.aio.AioRpcError as error:
        return error
    return None


_BACKUP = "/stigmer.runtime.v1.ServerService/Backup"


async def test_every_declared_method_answers_an_empty_request_with_a_canonical_status(
    app: App, channel: grpc.aio.Channel
) -> None:
    for method in _METHODS:
        error = await _code(channel, method.path, b"", app.token, stream=method.server_streaming)
        if method.path in WITHOUT_BEHAVIOUR:
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED, method.path
            assert method.name in error.details()
        elif error is not None:
            expected = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
            if method.path == _BACKUP and app.repository.url.startswith("memory:"):
                expected = {grpc.StatusCode.FAILED_PRECONDITION}  # there is no file to copy
            assert error.code() in expected, (method.path, error.details())


async def test_every_error_carries_reason_domain_and_request_id(app: App, channel: grpc.aio.Channel) -> None:
    for method in _METHODS:
        error = await _code(channel, method.path, b"", app.token, stream=method.server_streaming)
        if error is None:
            continue
        trailing = dict(error.trailing_metadata())
        status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
        info = error_details_pb2.ErrorInfo()
        assert status.details[0].Unpack(info)
        assert info.domain == "stigmer.ai", method.path
        assert info.reason, method.path
        assert trailing["x-request-id"], method.path


async def test_bytes_that_are_no_message_are_an_invalid_argument(app: App, channel: grpc.aio.Channel) -> None:
    for method in _METHODS:
        error = await _code(channel, method.path, b"\xff\xff\xff", app.token, stream=method.server_streaming)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, method.path


async def test_a_method_of_the_contract_that_is_left_out_says_so(app: App, channel: grpc.aio.Channel) -> None:
    path = "/ai.stigmer.billing.v1.BillingService/getBalance"
    error = await _code(channel, path, b"", app.token)
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "left out" in error.details()
    assert (await _code(channel, "/no.such.Service/x", b"", app.token)).code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        [("authorization", "Bearer wrong")],
        [("authorization", "Basic {token}")],
        [("authorization", "{token}")],
        [("authorization", "Bearer {token}"), ("authorization", "Bearer {token}")],
    ],
    ids=["none", "wrong", "other scheme", "no scheme", "twice"],
)
async def test_without_the_token_nothing_but_the_health_check_answers(
    app: App, channel: Any, metadata: list[tuple[str, str]]
) -> None:
    sent = [(key, value.format(token=app.token)) for key, value in metadata]
    for path in (_METHODS[0].path, "/ai.stigmer.nowhere/x", "/grpc.health.v1.Health/Watch"):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary(path)(b"", metadata=sent, timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert "Bearer" in str(refused.value.details())
    health = health_pb2_grpc.HealthStub(channel)
    answer = await health.Check(health_pb2.HealthCheckRequest(), metadata=sent, timeout=20)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_the_client_turns_a_refusal_into_its_own_error(app: App) -> None:
    async with AsyncClient(app.address, "wrong") as client:
        with pytest.raises(Unauthenticated):
            await call(client, "agent", "get", value="agt-x")


async def test_reflection_lists_the_services_to_whoever_has_the_token(app: App, channel: grpc.aio.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    stream = stub.ServerReflectionInfo(iter([request]), metadata=[("authorization", f"Bearer {app.token}")], timeout=20)
    answer = await anext(aiter(stream))
    names = {service.name for service in answer.list_services_response.service}
    assert set(services()) <= names
    stream.cancel()


async def test_the_request_id_of_a_client_comes_back(app: App, channel: Any) -> None:
    metadata = [("authorization", f"Bearer {app.token}"), ("x-request-id", "mine-1")]
    method = channel.unary_unary("/stigmer.runtime.v1.ResourceService/List")
    running = method(b"", metadata=metadata, timeout=20)
    await running
    assert ("x-request-id", "mine-1") in list(await running.trailing_metadata())


async def test_an_unexpected_failure_shows_its_request_id_and_nothing_else(
    app: App, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("a secret of the house")

    monkeypatch.setattr(app.repository, "list", broken)
    error = await _code(channel, "/stigmer.runtime.v1.ResourceService/List", b"", app.token)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in error.details()
    assert dict(error.trailing_metadata())["x-request-id"] in error.details()


async def test_hundreds_of_violations_still_arrive_as_an_error(client: AsyncClient) -> None:
    spec = {**AGENT_SPEC, "sub_agents": [{"instructions": "x" * 5} for _ in range(500)]}
    with pytest.raises(InvalidArgument) as refused:
        await client.call("agent", "create", resource("agent", "greeter", spec))
    assert refused.value.violations


async def test_a_method_without_behaviour_and_a_behaviour_without_method_fail_the_start(app: App) -> None:
    parts = Services(app.repository, app.controller, app.broker, app.temporal, app.artifacts)
    incomplete = [item for item in REGISTRATIONS if item.kind.key != "workflow_execution"]
    with pytest.raises(StartupError, match="WorkflowExecution"):
        install(ResourceRegistry(incomplete), FREE_METHODS, parts)
    with pytest.raises(StartupError, match="nonsense"):
        install(
            ResourceRegistry(REGISTRATIONS),
            {**FREE_METHODS, "/nonsense": search},
            parts,
        )
    with pytest.raises(StartupError, match="registered twice"):
        ResourceRegistry([Registration(KINDS[0], ResourceStrategy())] * 2)


async def test_with_a_certificate_the_server_speaks_tls_and_nothing_else(
    tmp_path: Path, serving: Callable[..., Any]
) -> None:
    certificate, key = _self_signed(tmp_path)
    async with serving(tls_certificate=certificate, tls_key=key) as app:
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        target = f"localhost:{app.rpc.port}"
        async with grpc.aio.secure_channel(target, credentials) as channel:
            answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        async with grpc.aio.insecure_channel(app.address) as channel:
            error = await _code(channel, "/grpc.health.v1.Health/Check", b"", "")
            assert error.code() is grpc.StatusCode.UNAVAILABLE


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """Certificate and key for localhost, valid for an hour."""
    pytest.importorskip("cryptography", reason="the certificate of this test is made with cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(pem))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return paths


async def test_get_info_tells_database_and_that_temporal_is_away(app: App, client: AsyncClient) -> None:
    await make_agent(client)
    info = await client.call("stigmer.runtime.v1.ServerService", "GetInfo", empty("stigmer.runtime.v1.GetInfoRequest"))
    assert info.database.backend in {"memory", "sqlite"}
    if info.database.backend == "sqlite":
        assert info.database.location == str(app.settings.home / "data" / "stigmer.db")
    assert info.revision == await app.repository.revision()
    assert not info.temporal.reachable
    assert info.temporal.error
    assert [queue.pollers for queue in info.task_queues] == [0, 0]
