"""`call: mcp`: one method of an MCP server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stigmer_api.dsl.authentication import Authentication
from stigmer_api.dsl.endpoints import Endpoint, read_endpoint
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader

METHODS: Final = (
    "tools/list", "tools/call", "prompts/list", "prompts/get", "resources/list", "resources/read",
    "resources/templates/list",
)  # fmt: skip
VERSION: Final = "2025-06-18"
_KEYS: Final = ("protocolVersion", "method", "parameters", "timeout", "transport", "client")
_NOTHING: Final = Template({})


@dataclass(frozen=True, slots=True)
class McpCall:
    """The call: over HTTP when there is an `endpoint`, else a `command` that is started."""

    method: str
    parameters: Template | None
    protocol_version: str = VERSION
    timeout: Duration | None = None
    client: Mapping[str, str] = field(default_factory=dict)
    endpoint: Endpoint | None = None
    headers: Template = _NOTHING
    command: Template = _NOTHING
    arguments: Template = _NOTHING
    environment: Template = _NOTHING

    @property
    def authentication(self) -> Authentication | None:
        """The policy of the endpoint."""
        return None if self.endpoint is None else self.endpoint.authentication


def read_mcp_call(reader: Reader, value: Json, pointer: str) -> McpCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("method", "transport"))
    if "method" not in fields or "transport" not in fields:
        return None
    method = reader.text(fields["method"], child(pointer, "method"))
    if method and method not in METHODS:
        reader.problem(child(pointer, "method"), f"must be one of {', '.join(METHODS)}")
    place = child(pointer, "transport")
    transport = reader.fields(fields["transport"], place, ("http", "stdio", "options"))
    if ("http" in transport) == ("stdio" in transport):
        reader.problem(place, "needs exactly one of http, stdio")
        return None
    if "options" in transport:
        reader.problem(child(place, "options"), "no transport has options here: leave it away")
    client = reader.fields(fields.get("client", {}), child(pointer, "client"), ("name", "version"))
    version = fields.get("protocolVersion", VERSION)
    common: dict[str, Any] = {
        "method": method,
        "parameters": reader.optional(fields, "parameters", pointer, reader.outbound),
        "protocol_version": reader.text(version, child(pointer, "protocolVersion")),
        "timeout": reader.optional(fields, "timeout", pointer, reader.duration),
        "client": {"name": str(client.get("name", "stigmer")), "version": str(client.get("version", "1.0"))},
    }
    if "http" in transport:
        return McpCall(**common, **_read_http(reader, transport["http"], child(place, "http")))
    return McpCall(**common, **_read_stdio(reader, transport["stdio"], child(place, "stdio")))


def _read_http(reader: Reader, value: Json, pointer: str) -> dict[str, Json]:
    fields = reader.fields(value, pointer, ("endpoint", "headers"), required=("endpoint",))
    return {
        "endpoint": read_endpoint(reader, fields.get("endpoint", "http://"), child(pointer, "endpoint")),
        "headers": reader.outbound(fields.get("headers", {}), child(pointer, "headers")),
    }


def _read_stdio(reader: Reader, value: Json, pointer: str) -> dict[str, Json]:
    fields = reader.fields(value, pointer, ("command", "arguments", "environment"), required=("command",))
    for key, kind, name in (("arguments", list, "a list of texts"), ("environment", Mapping, "an object")):
        if key in fields and not isinstance(fields[key], kind):
            reader.problem(child(pointer, key), f"must be {name}")
    command = reader.text(fields["command"], child(pointer, "command")) if "command" in fields else ""
    return {
        "command": reader.outbound(command, child(pointer, "command")),
        "arguments": reader.outbound(fields.get("arguments", []), child(pointer, "arguments")),
        "environment": reader.outbound(fields.get("environment", {}), child(pointer, "environment")),
    }
