"""`call: grpc`: one method of a gRPC service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.authentication import Authentication, read_authentication
from stigmer_api.dsl.endpoints import Endpoint, read_resource
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader

_KEYS: Final = ("proto", "service", "method", "arguments")
_SERVICE: Final = ("name", "host", "port", "authentication")
MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class GrpcCall:
    """The call. Without `proto` the server describes itself by reflection: ours, the DSL asks for `proto`."""

    proto: Endpoint | None
    service: str
    host: Template
    port: Template
    method: str
    arguments: Template
    authentication: Authentication | None = None


def read_grpc_call(reader: Reader, value: Json, pointer: str) -> GrpcCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("service", "method"))
    if "service" not in fields or "method" not in fields:
        return None
    place = child(pointer, "service")
    service = reader.fields(fields["service"], place, _SERVICE, required=("name", "host"))
    arguments = fields.get("arguments", {})
    if not isinstance(arguments, Mapping | str):
        reader.problem(child(pointer, "arguments"), "must be an object, or an expression")
        arguments = {}
    host = reader.text(service["host"], child(place, "host")) if "host" in service else ""
    return GrpcCall(
        proto=reader.optional(fields, "proto", pointer, lambda v, p: read_resource(reader, v, p)),
        service=reader.text(service["name"], child(place, "name")) if "name" in service else "",
        host=reader.template(host, child(place, "host")),
        port=_read_port(reader, service, place),
        method=reader.text(fields["method"], child(pointer, "method")),
        arguments=reader.outbound(arguments, child(pointer, "arguments")),
        authentication=reader.optional(
            service, "authentication", place, lambda v, p: read_authentication(reader, v, p)
        ),
    )


def _read_port(reader: Reader, service: Mapping[str, Json], pointer: str) -> Template:
    port, place = service.get("port"), child(pointer, "port")
    if isinstance(port, str):
        return reader.template(port, place)
    if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 0 < port <= MAX_PORT):
        reader.problem(place, f"must be a port number from 1 to {MAX_PORT}")
    return Template(port)
