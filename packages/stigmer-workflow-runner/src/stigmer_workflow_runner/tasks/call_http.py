"""`call: http`: one HTTP request by an activity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from stigmer_workflow_runner.document.problems import child
from stigmer_workflow_runner.document.reader import NOT_YET, Reader
from stigmer_workflow_runner.errors import Json
from stigmer_workflow_runner.expressions import Template
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.runtime import Call
from stigmer_workflow_runner.step import Step

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OUTPUTS: Final = ("content", "raw", "response")
DEFAULT_TIMEOUT: Final = 300.0
"""Seconds that a call may take when its task has no timeout."""

_KEYS: Final = ("method", "endpoint", "headers", "query", "body", "output", "redirect")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


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

    async def run(self, step: Step) -> Outcome:
        """Make the call. Its idempotency key is made once and kept in the frame."""
        request = self._request(step)
        step.frame.setdefault("key", step.runtime.uuid())
        request["key"] = step.frame["key"]
        timeout = DEFAULT_TIMEOUT
        if "deadline" in step.frame:
            timeout = max(step.frame["deadline"] - step.runtime.now(), 0.001)
        request["timeout"] = timeout
        summary = f"{request['method']} {request['uri']}"[:200]
        return Outcome(await step.runtime.execute(Call("http", request, timeout, summary=summary)))

    def _request(self, step: Step) -> dict[str, Json]:
        method = step.evaluate(self.method)
        if not isinstance(method, str) or method.upper() not in METHODS:
            raise step.fault("expression", f"with.method must be one of {', '.join(sorted(METHODS))}, not {method!r}")
        uri = _expand(step, self.uri.value) if self.uri.constant else step.evaluate(self.uri)
        if not isinstance(uri, str):
            raise step.fault("expression", f"with.endpoint must give text, not {uri!r}")
        return {
            "method": method.upper(),
            "uri": uri,
            "headers": _texts(step, step.evaluate(self.headers), "headers"),
            "query": _query(step, step.evaluate(self.query)),
            "body": None if self.body is None else step.evaluate(self.body),
            "has_body": self.body is not None,
            "output": self.output,
            "redirect": self.redirect,
        }


def _expand(step: Step, uri: str) -> str:
    """Simple expansion: top-level properties of the input, escaped; what is missing is empty."""

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        value = step.given.get(name) if isinstance(step.given, Mapping) else None
        if isinstance(value, dict | list):
            raise step.fault("expression", f"the URI variable {name!r} is neither text, number, boolean nor null")
        return "" if value is None else quote(_plain(value), safe="")

    return _PLACEHOLDER.sub(value_of, uri)


def _plain(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _texts(step: Step, value: Json, what: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise step.fault("expression", f"with.{what} must give an object, not {value!r}")
    for key, item in value.items():
        if isinstance(item, dict | list):
            raise step.fault("expression", f"with.{what}.{key} must be text, number or boolean")
    return {str(key): _plain(item) for key, item in value.items() if item is not None}


def _query(step: Step, value: Json) -> list[list[str]]:
    """Pairs of a query; a list repeats its name."""
    if not isinstance(value, Mapping):
        raise step.fault("expression", f"with.query must give an object, not {value!r}")
    pairs: list[list[str]] = []
    for key, item in value.items():
        items = item if isinstance(item, list) else [item]
        if any(isinstance(part, dict | list) for part in items):
            raise step.fault("expression", f"with.query.{key} must be text, number, boolean or a list of them")
        pairs.extend([str(key), _plain(part)] for part in items if part is not None)
    return pairs


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
