"""Endpoints, external resources and catalogs: a URI, and the authentication to use there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.authentication import Authentication, read_authentication
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.hidden import has_placeholders
from stigmer_api.dsl.problems import child, shortened
from stigmer_api.dsl.reader import Reader

WEB: Final = ("http", "https")
READABLE: Final = (*WEB, "file")
"""Schemes of what can be read as a document."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to go. `literal` is a URI template over the task's input, an expression is taken as it is."""

    uri: Template
    literal: bool
    authentication: Authentication | None = None


def read_endpoint(reader: Reader, value: Json, pointer: str, schemes: tuple[str, ...] = WEB) -> Endpoint:
    """Compile an endpoint: a text, or `{uri, authentication}`."""
    authentication = None
    if isinstance(value, Mapping):
        found = reader.fields(value, pointer, ("uri", "authentication"), required=("uri",))
        authentication = reader.optional(
            found, "authentication", pointer, lambda v, p: read_authentication(reader, v, p)
        )
        value, pointer = found.get("uri", ""), child(pointer, "uri")
    text = reader.text(value, pointer)
    literal = not text.strip().startswith("${") or text.strip().startswith(("${.secrets.", "${.env_vars."))
    uri = reader.outbound(text, pointer)
    literal = literal and (uri.constant or not reader.loose or has_placeholders(text))
    scheme = text.partition("://")[0].lower()
    if uri.constant and text and not text.startswith("{") and scheme not in schemes:
        wanted = " or ".join(f"{name}://" for name in schemes)
        reader.problem(pointer, f"{shortened(text)!r} must be an absolute {wanted} URI")
    return Endpoint(uri, literal, authentication)


def read_resource(reader: Reader, value: Json, pointer: str) -> Endpoint:
    """Compile an external resource: `{endpoint, name}`."""
    fields = reader.fields(value, pointer, ("name", "endpoint"), required=("endpoint",))
    if "endpoint" not in fields:
        return Endpoint(Template(""), literal=True)
    return read_endpoint(reader, fields["endpoint"], child(pointer, "endpoint"), READABLE)


def read_catalog(reader: Reader, value: Json, pointer: str) -> Endpoint:
    """Compile a catalog: `{endpoint}`."""
    fields = reader.fields(value, pointer, ("endpoint",), required=("endpoint",))
    if "endpoint" not in fields:
        return Endpoint(Template(""), literal=True)
    return read_endpoint(reader, fields["endpoint"], child(pointer, "endpoint"), READABLE)
