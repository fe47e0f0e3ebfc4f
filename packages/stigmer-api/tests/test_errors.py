"""Errors survive the wire: class, reason, metadata and violations come back as they were raised."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_status import rpc_status

from stigmer_api.client import AsyncClient, Client
from stigmer_api.errors import ERRORS, ApiError, FieldViolation, to_rpc_status
from stigmer_api.methods import method

if TYPE_CHECKING:
    from collections.abc import Iterator

RPC = method("agent", "get")


class Failing(grpc.GenericRpcHandler):
    """Answers every call with the error that the token names."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        code = str(dict(handler_call_details.invocation_metadata)["authorization"]).removeprefix("Bearer ")

        def answer(_: Any, context: grpc.ServicerContext) -> Any:
            error = ERRORS[code](
                "it failed",
                reason="BECAUSE",
                metadata={"suggestions": "a,b"},
                violations=[FieldViolation("spec.x", "is odd")],
            )
            context.abort_with_status(rpc_status.to_status(to_rpc_status(error)))

        return grpc.unary_unary_rpc_method_handler(
            answer, request_deserializer=RPC.request.FromString, response_serializer=RPC.response.SerializeToString
        )


@pytest.fixture
def address() -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2), handlers=[Failing()], options=[("grpc.so_reuseport", 0)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait(5)


def check(error: ApiError, code: str) -> None:
    assert type(error) is ERRORS[code]
    assert error.message == "it failed"
    assert error.reason == "BECAUSE"
    assert error.metadata == {"suggestions": "a,b"}
    assert error.violations == (FieldViolation("spec.x", "is odd"),)


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_an_error_comes_back_whole_through_the_sync_client(address: str, code: str) -> None:
    with Client(address, code) as client, pytest.raises(ApiError) as caught:
        client.call("agent", "get", RPC.request(value="agt-1"), timeout=10)
    check(caught.value, code)


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_an_error_comes_back_whole_through_the_asyncio_client(address: str, code: str) -> None:
    async with AsyncClient(address, code) as client:
        with pytest.raises(ApiError) as caught:
            await client.call("agent", "get", RPC.request(value="agt-1"), timeout=10)
    check(caught.value, code)


def test_a_server_that_is_away_is_unavailable() -> None:
    with Client("127.0.0.1:1", "") as client, pytest.raises(ERRORS["UNAVAILABLE"]):
        client.call("agent", "get", RPC.request(value="agt-1"), timeout=10)


def test_every_canonical_code_but_unknown_and_data_loss_has_a_class() -> None:
    assert {code.name for code in grpc.StatusCode} - set(ERRORS) == {"OK", "UNKNOWN", "DATA_LOSS"}
