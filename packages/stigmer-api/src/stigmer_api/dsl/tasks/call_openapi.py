"""`call: openapi`: one operation of an OpenAPI (or Swagger 2) document."""

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
from stigmer_api.dsl.tasks.call_http import read_output

_KEYS: Final = ("document", "operationId", "parameters", "authentication", "output", "redirect")


@dataclass(frozen=True, slots=True)
class OpenApiCall:
    """The operation and its parameters by name; `authentication` is for the operation, not for the document."""

    document: Endpoint
    operation: Template
    parameters: Template
    authentication: Authentication | None = None
    output: str = "content"
    redirect: bool = False


def read_openapi_call(reader: Reader, value: Json, pointer: str) -> OpenApiCall | None:
    """Compile `with`."""
    fields = reader.fields(value, pointer, _KEYS, required=("document", "operationId"))
    if "document" not in fields or "operationId" not in fields:
        return None
    operation, parameters = child(pointer, "operationId"), fields.get("parameters", {})
    if not isinstance(parameters, Mapping | str):
        reader.problem(child(pointer, "parameters"), "must be an object of parameters by name")
        parameters = {}
    return OpenApiCall(
        document=read_resource(reader, fields["document"], child(pointer, "document")),
        operation=reader.template(reader.text(fields["operationId"], operation), operation),
        parameters=reader.outbound(parameters, child(pointer, "parameters")),
        authentication=reader.optional(
            fields, "authentication", pointer, lambda v, p: read_authentication(reader, v, p)
        ),
        output=read_output(reader, fields, pointer),
        redirect=reader.optional(fields, "redirect", pointer, reader.flag) or False,
    )
