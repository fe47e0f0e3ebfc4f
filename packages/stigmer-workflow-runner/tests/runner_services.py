"""Stand-ins for the services that documents call: pet store, OAuth 2 and OpenID Connect, gRPC, WebSocket, MCP, A2A."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
import grpc.aio
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection as grpc_reflection
from websockets.asyncio.server import ServerConnection, serve

PETS = {1: {"id": 1, "name": "Rex", "status": "available"}, 2: {"id": 2, "name": "Tom", "status": "sold"}}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Pets", "version": "1.0.0"},
    "host": "petstore.swagger.io",
    "basePath": "/v2",
    "schemes": ["https", "http"],
    "paths": {
        "/pet/findByStatus": {
            "get": {
                "operationId": "findPetsByStatus",
                "produces": ["application/json"],
                "parameters": [
                    {"name": "status", "in": "query", "required": True, "type": "array", "collectionFormat": "multi"}
                ],
            }
        },
        "/pet/{petId}": {
            "parameters": [{"$ref": "#/parameters/petId"}],
            "get": {"operationId": "getPetById"},
            "post": {
                "operationId": "renamePet",
                "consumes": ["application/x-www-form-urlencoded"],
                "parameters": [{"name": "name", "in": "formData", "type": "string"}],
            },
        },
        "/pet": {"post": {"operationId": "addPet", "parameters": [{"name": "body", "in": "body", "required": True}]}},
    },
    "parameters": {"petId": {"name": "petId", "in": "path", "required": True, "type": "integer"}},
}


async def petstore(verb: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
    """The pet store of the kit, and the basic authentication of httpbin."""
    parts = urlsplit(path)
    if parts.path.startswith("/basic-auth/"):
        pair = ":".join(parts.path.split("/")[2:]).encode()
        known = headers.get("authorization") == f"Basic {base64.b64encode(pair).decode()}"
        return (200, {"authenticated": True}) if known else (401, {})
    if parts.path == "/v2/swagger.json":
        return 200, SWAGGER
    if parts.path == "/v2/pet/findByStatus":
        wanted = parse_qs(parts.query).get("status", [])
        return 200, [pet for pet in PETS.values() if pet["status"] in wanted]
    name = parts.path.removeprefix("/v2/pet/")
    if verb == "GET" and name.isdecimal() and int(name) in PETS:
        return 200, PETS[int(name)]
    if verb in ("POST", "PUT"):
        return 200, {"path": path, "kind": headers.get("content-type"), "body": body.decode()}
    return 404, {"message": "not found"}


@dataclass
class TokenService:
    """An authorization server and the resource behind it. `asked` has the token requests: headers and parameters."""

    url: str = ""
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    valid: set[str] = field(default_factory=set)
    lifetime: int | None = 3600
    issuer: str = "https://issuer.example"

    async def answer(self, _verb: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Tokens at any path that ends in `token`, discovery, and a resource that wants a token."""
        if path.endswith("/.well-known/openid-configuration"):
            return 200, {"issuer": self.issuer, "token_endpoint": f"{self.url}/oidc/token"}
        if path.endswith("token"):
            form = headers.get("content-type", "").startswith("application/x-www")
            asked = parse_qs(body.decode()) if form else json.loads(body)
            self.asked.append((headers, asked))
            token = self.token(f"token-{len(self.asked)}")
            self.valid.add(token)
            lifetime = {} if self.lifetime is None else {"expires_in": self.lifetime}
            return 200, {"access_token": token, "token_type": "Bearer", **lifetime}
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and token in self.valid:
            return 200, {"path": path, "seen": headers["authorization"]}
        return 401, {"error": "who are you?", "seen": headers.get("authorization", "")}

    def token(self, name: str) -> str:
        """A token that says who issued it."""
        claims = base64.urlsafe_b64encode(json.dumps({"iss": self.issuer, "jti": name}).encode()).decode().rstrip("=")
        return f"eyJhbGciOiJub25lIn0.{claims}.{hashlib.sha256(name.encode()).hexdigest()}"


@dataclass
class DigestService:
    """HTTP digest authentication (MD5, auth)."""

    username: str
    password: str
    nonce: str = "abc123"

    async def answer(self, verb: str, path: str, headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        """The challenge, or the resource for the right answer to it."""
        parts = headers.get("authorization", "").removeprefix("Digest ").split(",")
        given = {name.strip(): value.strip().strip('"') for name, _, value in (part.partition("=") for part in parts)}
        first = _md5(f"{self.username}:pets:{self.password}")
        second = _md5(f"{verb}:{path}")
        wanted = _md5(f"{first}:{self.nonce}:{given.get('nc')}:{given.get('cnonce')}:auth:{second}")
        if given.get("response") == wanted:
            return 200, {"user": given["username"]}
        return 401, {"header": ("WWW-Authenticate", f'Digest realm="pets", nonce="{self.nonce}", qop="auth"')}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


# --- gRPC ----------------------------------------------------------------------------------------------------------

GREETER_FILES = {
    "greet.proto": """syntax = "proto3";
package GreeterApi;
import "mood.proto";
message HelloRequest { string name = 1; }
message HelloReply { string message = 1; Mood mood = 2; }
service Greeter {
  rpc SayHello (HelloRequest) returns (HelloReply);
  rpc SayMany (HelloRequest) returns (stream HelloReply);
  rpc SayToAll (stream HelloRequest) returns (HelloReply);
}
""",
    "mood.proto": """syntax = "proto3";
package GreeterApi;
import "google/protobuf/timestamp.proto";
message Mood { int32 level = 1; google.protobuf.Timestamp since = 2; }
""",
}


def _greeter_pool() -> DescriptorPool:
    """The same, made by hand: the stand-in must not depend on what it is to test."""
    file = FileDescriptorProto(name="greet.proto", package="GreeterApi", syntax="proto3")
    for name, fields in (("Mood", []), ("HelloRequest", ["name"]), ("HelloReply", ["message"])):
        message = file.message_type.add(name=name)
        for field_name in fields:
            message.field.add(name=field_name, number=1, type=9, label=1)
    file.message_type[0].field.add(name="level", number=1, type=5, label=1)
    file.message_type[2].field.add(name="mood", number=2, type=11, type_name=".GreeterApi.Mood", label=1)
    service = file.service.add(name="Greeter")
    for name, client, server in (("SayHello", False, False), ("SayMany", False, True), ("SayToAll", True, False)):
        service.method.add(
            name=name,
            input_type=".GreeterApi.HelloRequest",
            output_type=".GreeterApi.HelloReply",
            client_streaming=client,
            server_streaming=server,
        )
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


@asynccontextmanager
async def greeter(
    *, reflection: bool = False, tls: grpc.ServerCredentials | None = None
) -> AsyncIterator[tuple[int, list[dict[str, str]]]]:
    """A gRPC server on a free port; gives the port and the metadata of the calls it got."""
    pool = _greeter_pool()
    ask, reply = (GetMessageClass(pool.FindMessageTypeByName(f"GreeterApi.Hello{n}")) for n in ("Request", "Reply"))
    seen: list[dict[str, str]] = []

    async def hello(request: Any, context: Any) -> Any:
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        seen.append(metadata)
        if request.name == "nobody":
            await context.abort(grpc.StatusCode.NOT_FOUND, "who?")
        who = f" ({metadata['authorization']})" if "authorization" in metadata else ""
        return reply(message=f"Hello {request.name}{who}", mood={})

    async def many(request: Any, _context: Any) -> AsyncIterator[Any]:
        for number in range(2):
            yield reply(message=f"Hello {request.name} {number}")

    async def to_all(requests: Any, _context: Any) -> Any:
        return reply(message="Hello " + " and ".join([request.name async for request in requests]))

    server = grpc.aio.server()
    codec: dict[str, Any] = {
        "request_deserializer": ask.FromString,
        "response_serializer": lambda m: m.SerializeToString(),
    }
    handlers = {
        "SayHello": grpc.unary_unary_rpc_method_handler(hello, **codec),
        "SayMany": grpc.unary_stream_rpc_method_handler(many, **codec),
        "SayToAll": grpc.stream_unary_rpc_method_handler(to_all, **codec),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("GreeterApi.Greeter", handlers),))
    if reflection:
        grpc_reflection.enable_server_reflection(["GreeterApi.Greeter"], server, pool=pool)
    where = "127.0.0.1:0"
    port = server.add_insecure_port(where) if tls is None else server.add_secure_port(where, tls)
    await server.start()
    try:
        yield port, seen
    finally:
        await server.stop(0.2)


# --- MCP and A2A ---------------------------------------------------------------------------------------------------

MCP_SERVER = Path(__file__).parent / "mcp_greeter.py"


@dataclass
class McpService:
    """An MCP server over streamable HTTP; `stream`: answers are events."""

    stream: bool = False

    async def answer(self, verb: str, _path: str, _headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Initialize, one tool, and the end of the session."""
        if verb == "DELETE":
            return 204, {}
        message = json.loads(body)
        if "id" not in message:
            return 202, {}
        if message["method"] == "initialize":
            result: Any = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {}}
        else:
            result = {"content": [{"type": "text", "text": f"Hello {message['params']['arguments']['name']}"}]}
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result, "header": ("Mcp-Session-Id", "s-1")}
        if self.stream and message["method"] != "initialize":
            note = {"jsonrpc": "2.0", "method": "notifications/progress"}
            return 200, events(note, answer)
        return 200, answer


def events(*values: Any) -> Any:
    """Values as a body of server-sent events."""
    return "text/event-stream", "".join(f"event: message\ndata: {json.dumps(value)}\n\n" for value in values).encode()


async def a2a_agent(_verb: str, path: str, _headers: dict[str, str], body: bytes) -> tuple[int, Any]:
    """An A2A agent that echoes what it is told."""
    if path.endswith("agent-card.json"):
        return 200, {"name": "echo", "url": "https://shop.example/a2a", "preferredTransport": "JSONRPC"}
    message = json.loads(body)
    base = {"jsonrpc": "2.0", "id": message["id"]}
    if message["method"] == "message/send":
        return 200, {**base, "result": {"role": "agent", "echo": message["params"]["message"]}}
    if message["method"] == "message/stream":
        return 200, events({**base, "result": {"n": 1}}, {**base, "result": {"n": 2}})
    return 200, {**base, "error": {"code": -32001, "message": "Task not found"}}


# --- AsyncAPI ------------------------------------------------------------------------------------------------------


@dataclass
class Notifier:
    """A WebSocket server: sends `messages` to whoever connects, remembers what it gets, and hangs up when told to."""

    messages: list[Any] = field(default_factory=list)
    hang_up: bool = False
    received: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    got: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Notifier]:
        """On a free port of loopback."""
        async with serve(self._answer, "127.0.0.1", 0, ssl=tls) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self

    async def _answer(self, connection: ServerConnection) -> None:
        self.connections += 1
        assert connection.request is not None
        self.headers.append({name.lower(): value for name, value in connection.request.headers.raw_items()})
        for message in self.messages:
            await connection.send(json.dumps(message))
        if self.hang_up:
            return
        async for data in connection:
            self.received.append(json.loads(data))
            self.got.set()

    def examples(self) -> dict[str, Any]:
        """An AsyncAPI 3 document with the operations of the specification's examples, at this server."""
        channel = {"$ref": "#/channels/notifications"}
        return {
            "asyncapi": "3.0.0",
            "servers": {"staging": {"host": f"127.0.0.1:{self.port}", "protocol": "ws"}},
            "channels": {
                "notifications": {
                    "address": "/notifications",
                    "messages": {"note": {"correlationId": {"location": "$message.payload#/correlationId"}}},
                }
            },
            "operations": {
                "getNotifications": {"action": "receive", "channel": channel},
                "findPetsByStatus": {"action": "send", "channel": channel},
            },
        }

    def document(self, http: str = "") -> dict[str, Any]:
        """An AsyncAPI 3 document with a server of each protocol."""
        return {
            "asyncapi": "3.0.0",
            "servers": {
                "broker": {"host": "kafka.example", "protocol": "kafka"},
                "socket": {"host": f"127.0.0.1:{self.port}", "protocol": "ws", "pathname": "/{stage}",
                           "variables": {"stage": {"default": "live"}}},
                "web": {"host": http.removeprefix("http://"), "protocol": "http"},
                "inside": {"host": "bus", "protocol": "memory"},
            },
            "channels": {
                "notifications": {
                    "address": "/notifications/{user}",
                    "parameters": {"user": {"default": "all", "location": "$message.payload#/user"}},
                    "messages": {"note": {"correlationId": {"location": "$message.payload#/id"}}},
                }
            },
            "operations": {
                "getNotifications": {"action": "receive", "channel": {"$ref": "#/channels/notifications"}},
                "notify": {
                    "action": "send",
                    "channel": {"$ref": "#/channels/notifications"},
                    "bindings": {"http": {"method": "PUT"}},
                },
            },
        }  # fmt: skip


# --- all hosts of the specification's examples -----------------------------------------------------------------------

HOSTS = (
    "petstore.swagger.io", "httpbin.org", "swapi.dev", "fake.com", "myorg.io", "fake-hospital.com", "keycloak",
    "fake-chat-api.com", "superbet-casinos.com", "hospital.example.com", "mocked.service.com",
)  # fmt: skip
PEOPLE = {"1": {"name": "Luke Skywalker", "homeworld": "https://swapi.dev/api/planets/1/"}}
ORDERS: dict[str, Any] = {
    "openapi": "3.0.3",
    "servers": [{"url": "http://myorg.io"}],
    "paths": {f"/{name}": {"post": {"operationId": name}} for name in ("logreading", "produceReport")},
}


def hosts(url: str) -> dict[str, str]:
    """A host map that sends the examples' hosts to `Everybody` at `url`, each below a path of its own."""
    return {f"{scheme}://{host}": f"{url}/{host}" for host in HOSTS for scheme in ("http", "https")}


@dataclass
class Everybody:
    """Answers for all of them; `port` is that of a `Notifier`, which the AsyncAPI document names."""

    url: str
    notifier: Notifier | None = None
    tokens: TokenService = field(default_factory=TokenService)

    async def answer(self, verb: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """By host, which is the first part of the path."""
        host, _, rest = path.lstrip("/").partition("/")
        rest = "/" + rest
        self.tokens.url = "http://keycloak"
        if host == "keycloak":
            return await self.tokens.answer(verb, rest, headers, body)
        if host in ("petstore.swagger.io", "httpbin.org"):
            return await petstore(verb, rest, headers, body)
        if host == "swapi.dev":
            found = PEOPLE.get(rest.strip("/").rpartition("/")[2])
            people = {"count": 1, "results": list(PEOPLE.values()), "asked": rest}
            return 200, {"name": "Tatooine"} if "/planets/" in rest else found or people
        if rest.endswith("/asyncapi.json") and self.notifier is not None:
            return 200, self.notifier.examples()
        if rest.endswith("ordersservices.json"):
            return 200, ORDERS
        return 200, {"host": host, "path": rest, "body": json.loads(body) if body else None}
