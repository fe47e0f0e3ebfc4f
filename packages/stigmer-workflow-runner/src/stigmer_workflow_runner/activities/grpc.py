"""One gRPC call, unary or streaming. Without `proto` the server's reflection describes the service.

A stream of answers is a list; a method that takes a stream of requests gets one for each item of a list of arguments.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import grpc.aio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message_factory import GetMessageClass
from temporalio import activity

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.activities.certificates import Identity
from stigmer_workflow_runner.activities.credentials import Authenticator
from stigmer_workflow_runner.activities.documents import Documents
from stigmer_workflow_runner.activities.failures import failure
from stigmer_workflow_runner.activities.grpc_schema import described, find_method, reflected
from stigmer_workflow_runner.activities.guard import HostRefusedError, refused
from stigmer_workflow_runner.activities.web import Web, communication
from stigmer_workflow_runner.activities.world import Opened, World
from stigmer_workflow_runner.errors import fault

DEFAULT_PORT: Final = 50051
TLS_PORT: Final = 443
KEPT: Final = 64

STATUS: Final[Mapping[str, int]] = {
    "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "OUT_OF_RANGE": 400, "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403, "NOT_FOUND": 404, "ABORTED": 409, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499, "UNIMPLEMENTED": 501, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504,
}  # fmt: skip
"""The HTTP status that the error of a call has, by gRPC's code; 500 for the others."""


class GrpcCalls:
    """The gRPC activity."""

    def __init__(self, web: Web, world: World, authenticator: Authenticator, documents: Documents) -> None:
        self._web, self._world, self._authenticator, self._documents = web, world, authenticator, documents
        self._described: OrderedDict[str, FileDescriptorSet] = OrderedDict()

    @activity.defn(name="grpc")
    async def call(self, argument: dict[str, Any]) -> Any:
        """`{output, documents}` of one call; `documents` has the hashes of the .proto files by their URIs."""
        label = f"{argument['service']['name']}/{argument['method']}"
        return await self._world.run(argument, label, self._call)

    async def _call(self, opened: Opened) -> Json:
        argument = opened.argument
        service = argument["service"]
        credentials = await self._authenticator.of(argument["authentication"], opened)
        opened.authorize(credentials and credentials.shown)
        metadata = [("idempotency-key", argument["key"])]
        identity = None if credentials is None else credentials.identity
        if credentials is not None and identity is None:
            if credentials.header is None:
                raise fault("configuration", "digest authentication is for HTTP, not for gRPC")
            metadata.append(("authorization", credentials.header))
        used: dict[str, str] = {}
        async with self._channel(service, identity) as channel:
            if argument["proto"] is None:
                descriptors = await reflected(channel, service["name"], metadata)
            else:
                descriptors = await self._descriptors(opened, used)
            method = find_method(descriptors, service["name"], argument["method"])
            output = await _made(channel, method, argument["arguments"], metadata)
        return {"output": output, "documents": used}

    async def _descriptors(self, opened: Opened, used: dict[str, str]) -> FileDescriptorSet:
        resource, pins = opened.argument["proto"], opened.argument["pins"]
        document = await self._documents.load(resource, opened, pins)
        used[document.uri] = document.sha256

        async def read(path: str) -> bytes:
            uri = _beside(document.uri, path)
            found = await self._documents.load({**resource, "uri": uri}, opened, pins)
            used[uri] = found.sha256
            return found.data

        if b"import" in document.data:  # what it imports may have changed
            return await described(document.uri, document.data, read)
        if document.sha256 not in self._described:
            self._described[document.sha256] = await described(document.uri, document.data, read)
            while len(self._described) > KEPT:
                self._described.popitem(last=False)
        return self._described[document.sha256]

    @asynccontextmanager
    async def _channel(self, service: Mapping[str, Any], identity: Identity | None) -> AsyncIterator[grpc.aio.Channel]:
        host, port = str(service["host"]), int(service["port"] or DEFAULT_PORT)
        label = f"{service['name']} at {host}:{port}"
        mapped = urlsplit(self._web.mapped(f"grpc://{host}:{port}"))
        target_host, target_port = mapped.hostname or host, mapped.port or port
        try:
            address = await self._web.guard.address(target_host, target_port)
        except HostRefusedError as error:
            raise refused(error, label) from error
        except OSError as error:
            raise failure(communication(503, f"{label}: {error}")) from error
        target = f"ipv6:[{address}]:{target_port}" if ":" in address else f"ipv4:{address}:{target_port}"
        limit = self._web.max_bytes
        options = [("grpc.default_authority", f"{host}:{port}"), ("grpc.max_receive_message_length", limit),
                   ("grpc.enable_http_proxy", 0)]  # fmt: skip
        secure = target_port == TLS_PORT or identity is not None
        options += [("grpc.ssl_target_name_override", host)] if secure else []
        credentials = None
        if secure:
            credentials = grpc.ssl_channel_credentials() if identity is None else identity.channel_credentials()
        channel = (
            grpc.aio.insecure_channel(target, options=options)
            if credentials is None
            else grpc.aio.secure_channel(target, credentials, options=options)
        )
        try:
            yield channel
        except grpc.aio.AioRpcError as error:
            status = STATUS.get(error.code().name, 500)
            detail = f"{label} answered {error.code().name}: {error.details()}"
            raise failure(communication(status, detail)) from error
        finally:
            await channel.close()


async def _made(channel: grpc.aio.Channel, method: MethodDescriptor, arguments: Json, metadata: Any) -> Json:
    requests = _requests(method, arguments)
    path = f"/{method.containing_service.full_name}/{method.name}"
    streams = "stream" if method.client_streaming else "unary", "stream" if method.server_streaming else "unary"
    multi: Any = getattr(channel, "_".join(streams))(
        path,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    call = multi(_each(requests) if method.client_streaming else requests[0], metadata=metadata)
    if method.server_streaming:
        return [_value(message) async for message in call]
    return _value(await call)


async def _each(messages: list[Any]) -> AsyncIterator[Any]:
    for message in messages:
        yield message


def _requests(method: MethodDescriptor, arguments: Json) -> list[Any]:
    items = arguments if method.client_streaming and isinstance(arguments, list) else [arguments]
    found = []
    for item in items:
        message: Any = GetMessageClass(method.input_type)()
        if not isinstance(item, Mapping):
            raise fault("validation", f"with.arguments must be an object, the fields of {method.input_type.full_name}")
        try:
            found.append(ParseDict(dict(item), message))
        except ParseError as error:
            raise fault("validation", f"with.arguments is no {method.input_type.full_name}: {error}") from error
    return found


def _value(message: Any) -> Json:
    return MessageToDict(message, always_print_fields_with_no_presence=True)


def _beside(uri: str, path: str) -> str:
    """The URI of an import: relative to the document."""
    if uri.startswith("file:"):
        return f"{uri.rpartition('/')[0]}/{path}"
    return urljoin(uri, path)
