"""Reads OpenAPI 3 and Swagger 2 documents: where an operation is, and what one request to it looks like. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urljoin

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.problems import listed
from stigmer_workflow_runner.activities.references import resolved
from stigmer_workflow_runner.errors import fault
from stigmer_workflow_runner.outbound import plain

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
BODY: Final = "body"
_SEPARATORS: Final = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|", "spaceDelimited": " ", "pipeDelimited": "|"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `url` is that of its path, with `{name}` where path parameters go."""

    method: str
    url: str
    parameters: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any] | None
    consumes: tuple[str, ...]
    produces: tuple[str, ...]


@dataclass(slots=True)
class Filled:
    """What becomes of the given parameters."""

    url: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    form: dict[str, Json] = field(default_factory=dict)
    body: Json = None
    has_body: bool = False


class OpenApi:
    """A document that was read from `uri`. References into other documents are refused by name."""

    def __init__(self, document: Json, uri: str) -> None:
        if not isinstance(document, Mapping) or not isinstance(document.get("paths"), Mapping):
            raise fault("configuration", f"{uri} is no OpenAPI document: it has no paths")
        self._document, self._uri = document, uri
        version = str(document.get("openapi") or document.get("swagger") or "")
        self._swagger = version.startswith("2.")
        if not self._swagger and not version.startswith("3."):
            raise fault("configuration", f"{uri} says that it is OpenAPI {version or '?'}: use 2.0 or 3.x")

    def operation(self, operation_id: str) -> Operation:
        """The operation with an id. Raises `Fault` (configuration) when there is none."""
        known: list[str] = []
        for path, item, method in self._operations():
            operation = item[method]
            if operation.get("operationId") == operation_id:
                return self._read(path, item, method, operation)
            known.append(str(operation.get("operationId", f"{method} {path}")))
        raise fault("configuration", f"{self._uri} has no operation {operation_id!r}: it has {listed(known)}")

    def _operations(self) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        for path, found in self._document["paths"].items():
            item = self.resolved(found)
            for method in METHODS:
                if isinstance(item, Mapping) and isinstance(item.get(method), Mapping):
                    yield path, item, method

    def resolved(self, value: Any) -> Any:
        """The value, or what its `$ref` points to."""
        return resolved(self._document, value, self._uri)

    def _read(self, path: str, item: Mapping[str, Any], method: str, operation: Mapping[str, Any]) -> Operation:
        named: dict[tuple[str, str], Mapping[str, Any]] = {}
        for found in [*(item.get("parameters") or []), *(operation.get("parameters") or [])]:
            parameter = self.resolved(found)
            named[parameter["name"], parameter["in"]] = parameter
        body = self.resolved(operation.get("requestBody"))
        content = tuple((body or {}).get("content") or ())
        return Operation(
            method=method.upper(),
            url=self._server(item, operation) + path,
            parameters=tuple(named.values()),
            body=body,
            consumes=tuple(operation.get("consumes") or self._document.get("consumes") or ()) or content,
            produces=tuple(operation.get("produces") or self._document.get("produces") or ()),
        )

    def _server(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
        if self._swagger:
            schemes = operation.get("schemes") or self._document.get("schemes") or []
            own = self._uri.partition("://")[0]
            scheme = next((s for s in ("https", "http") if s in schemes), own if own in ("http", "https") else "https")
            host = self._document.get("host")
            base = f"{scheme}://{host}" if host else urljoin(self._uri, "/").rstrip("/")
            return base + str(self._document.get("basePath") or "").rstrip("/")
        servers = operation.get("servers") or item.get("servers") or self._document.get("servers") or [{"url": "/"}]
        server = servers[0]
        url = str(server.get("url", "/"))
        for name, variable in (server.get("variables") or {}).items():
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        return urljoin(self._uri, url).rstrip("/")


def fill(operation: Operation, given: Mapping[str, Json]) -> Filled:
    """Put the given parameters where the operation wants them.

    Raises:
        Fault: (validation) a required one is missing, or one is given that the operation does not have.
    """
    rest = dict(given)
    filled = Filled(operation.url)
    for parameter in operation.parameters:
        name, place = parameter["name"], parameter["in"]
        if name not in rest or rest[name] is None:
            default = parameter.get("default", (parameter.get("schema") or {}).get("default"))
            if not parameter.get("required") or (default is None and place == BODY and BODY in rest):
                continue
            if default is None:
                raise fault("validation", f"the operation needs the parameter {name!r} (in {place})")
            rest[name] = default
        _place(filled, parameter, rest.pop(name))
    _fill_body(operation, filled, rest)
    if rest:
        known = listed(parameter["name"] for parameter in operation.parameters)
        raise fault("validation", f"the operation has no parameter {listed(rest)}: it has {known}")
    return filled


def _place(filled: Filled, parameter: Mapping[str, Any], value: Json) -> None:
    name, place = parameter["name"], parameter["in"]
    if place == "path":
        text = ",".join(quote(part, safe="") for part in _parts(value))
        filled.url = re.sub(re.escape(f"{{{name}}}"), lambda _: text, filled.url)
    elif place == "query":
        filled.query += _query(parameter, value)
    elif place == "header":
        filled.headers[name] = ",".join(_parts(value))
    elif place == "cookie":
        filled.cookies.append(f"{name}={quote(','.join(_parts(value)), safe='')}")
    elif place == "formData":
        filled.form[name] = value
    else:
        filled.body, filled.has_body = value, True


def _fill_body(operation: Operation, filled: Filled, rest: dict[str, Json]) -> None:
    """The body: the parameter `body`, or all parameters that no declaration claims, as one object."""
    if filled.form:
        filled.body, filled.has_body = filled.form, True
    swagger_body = any(parameter["in"] == BODY for parameter in operation.parameters)
    if filled.has_body or not (operation.body is not None or swagger_body):
        return
    if BODY in rest:
        filled.body, filled.has_body = rest.pop(BODY), True
    elif rest:
        filled.body, filled.has_body = dict(rest), True
        rest.clear()
    elif operation.body is not None and operation.body.get("required"):
        raise fault("validation", "the operation needs a body: give its fields as parameters, or one parameter 'body'")


def _query(parameter: Mapping[str, Any], value: Json) -> list[tuple[str, str]]:
    name = parameter["name"]
    style = parameter.get("collectionFormat") or parameter.get("style") or "form"
    if isinstance(value, Mapping):
        if style == "deepObject":
            return [(f"{name}[{key}]", plain(item)) for key, item in value.items()]
        if parameter.get("explode", True):
            return [(str(key), plain(item)) for key, item in value.items()]
        return [(name, ",".join(_parts(value)))]
    if isinstance(value, list):
        swagger_default = (
            "schema" not in parameter and "content" not in parameter and "collectionFormat" not in parameter
        )
        separator = _SEPARATORS.get(style, ",")
        if style == "multi" or (style == "form" and parameter.get("explode", True) and not swagger_default):
            return [(name, part) for part in _parts(value)]
        return [(name, separator.join(_parts(value)))]
    return [(name, plain(value))]


def _parts(value: Json) -> list[str]:
    if isinstance(value, Mapping):
        return [text for key, item in value.items() for text in (str(key), plain(item))]
    items = value if isinstance(value, list) else [value]
    return [json.dumps(item) if isinstance(item, dict | list) else plain(item) for item in items]
