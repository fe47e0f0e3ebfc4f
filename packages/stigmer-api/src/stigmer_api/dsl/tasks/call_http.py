"""`call: http`: one HTTP request by an activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import NOT_YET, Reader

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OUTPUTS: Final = ("content", "raw", "response")

_KEYS: Final = ("method", "endpoint", "headers", "query", "body", "output", "redirect")


@dataclass(frozen=True, slots=True)
class HttpCall:
    """The request. A constant `uri` is a URI template over the task's input."""

    method: Template
    uri: Template
    headers: Template
    query: Template
    body: Template | None
    output: str = "content"
    redirect: bool = False


def read_http_call(reader: Reader, value: Json, pointer: str) -> HttpCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("method", "endpoint"))
    if "method" not in fields or "endpoint" not in fields:
        return None
    method = reader.template(reader.text(fields["method"], child(pointer, "method")), child(pointer, "method"))
    if method.constant and str(method.value).upper() not in METHODS:
        reader.problem(child(pointer, "method"), f"must be one of {', '.join(sorted(METHODS))}")
    output = fields.get("output", "content")
    if output not in OUTPUTS:
        reader.problem(child(pointer, "output"), f"must be one of {', '.join(OUTPUTS)}")
    return HttpCall(
        method=method,
        uri=_read_endpoint(reader, fields["endpoint"], child(pointer, "endpoint")),
        headers=_read_map(reader, fields, "headers", pointer),
        query=_read_map(reader, fields, "query", pointer),
        body=reader.optional(fields, "body", pointer, reader.template),
        output=str(output),
        redirect=reader.optional(fields, "redirect", pointer, reader.flag) or False,
    )


def _read_endpoint(reader: Reader, value: Json, pointer: str) -> Template:
    if isinstance(value, Mapping):
        found = reader.fields(value, pointer, ("uri", "authentication"), required=("uri",))
        if "authentication" in found:
            place = child(pointer, "authentication")
            reader.problem(place, f"endpoint authentication {NOT_YET}: put a header that is no secret in with.headers")
        value, pointer = found.get("uri", ""), child(pointer, "uri")
    uri = reader.template(reader.text(value, pointer), pointer)
    scheme = str(uri.value).partition("://")[0].lower()
    if uri.constant and uri.value and not str(uri.value).startswith("{") and scheme not in ("http", "https"):
        reader.problem(pointer, f"{uri.value!r} must be an absolute http:// or https:// URI")
    return uri


def _read_map(reader: Reader, fields: Mapping[str, Json], key: str, pointer: str) -> Template:
    value, place = fields.get(key, {}), child(pointer, key)
    if not isinstance(value, Mapping | str):
        reader.problem(place, "must be an object or an expression that gives one")
        return Template({})
    return reader.template(value, place)
