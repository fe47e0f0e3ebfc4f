"""`call: http`: one HTTP request by an activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.authentication import Authentication
from stigmer_api.dsl.endpoints import Endpoint, read_endpoint
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OUTPUTS: Final = ("content", "raw", "response")

_KEYS: Final = ("method", "endpoint", "headers", "query", "body", "output", "redirect")


@dataclass(frozen=True, slots=True)
class HttpCall:
    """The request."""

    method: Template
    endpoint: Endpoint
    headers: Template
    query: Template
    body: Template | None
    output: str = "content"
    redirect: bool = False

    @property
    def authentication(self) -> Authentication | None:
        """The policy of the endpoint."""
        return self.endpoint.authentication


def read_http_call(reader: Reader, value: Json, pointer: str) -> HttpCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("method", "endpoint"))
    if "method" not in fields or "endpoint" not in fields:
        return None
    method = reader.outbound(reader.text(fields["method"], child(pointer, "method")), child(pointer, "method"))
    if method.constant and str(method.value).upper() not in METHODS:
        reader.problem(child(pointer, "method"), f"must be one of {', '.join(sorted(METHODS))}")
    return HttpCall(
        method=method,
        endpoint=read_endpoint(reader, fields["endpoint"], child(pointer, "endpoint")),
        headers=_read_map(reader, fields, "headers", pointer),
        query=_read_map(reader, fields, "query", pointer),
        body=reader.optional(fields, "body", pointer, reader.outbound),
        output=read_output(reader, fields, pointer),
        redirect=reader.optional(fields, "redirect", pointer, reader.flag) or False,
    )


def read_output(reader: Reader, fields: Mapping[str, Json], pointer: str) -> str:
    """Compile `output`: how much of an HTTP response is the task's output."""
    output = fields.get("output", "content")
    if output not in OUTPUTS:
        reader.problem(child(pointer, "output"), f"must be one of {', '.join(OUTPUTS)}")
    return str(output)


def _read_map(reader: Reader, fields: Mapping[str, Json], key: str, pointer: str) -> Template:
    value, place = fields.get(key, {}), child(pointer, key)
    if not isinstance(value, Mapping | str):
        reader.problem(place, "must be an object or an expression that gives one")
        return Template({})
    return reader.outbound(value, place)
