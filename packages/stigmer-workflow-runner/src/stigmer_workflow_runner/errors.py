"""Errors of the runner and the DSL's own error objects (RFC 7807)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

Json = Any
"""A JSON value. Values are shared freely, so nothing may change one in place."""

ERROR_BASE: Final = "https://serverlessworkflow.io/spec/1.0.0/errors/"

STATUS_BY_KIND: Final[Mapping[str, int]] = {
    "configuration": 400,
    "validation": 400,
    "expression": 400,
    "authentication": 401,
    "authorization": 403,
    "timeout": 408,
    "communication": 500,
    "runtime": 500,
}

TITLE_BY_KIND: Final[Mapping[str, str]] = {
    "configuration": "Configuration error",
    "validation": "Validation error",
    "expression": "Expression error",
    "authentication": "Authentication error",
    "authorization": "Authorization error",
    "timeout": "Timeout",
    "communication": "Communication error",
    "runtime": "Runtime error",
}

# The same eight errors are written with several bases: the specification before and after its rename,
# its conformance kit, and one popular tool. They are one error each.
_STANDARD_TYPE = re.compile(
    r"https://(?:serverlessworkflow\.io(?:\.io)?|open-workflow-specification\.org|zigflow\.dev)"
    r"/(?:spec/1\.0\.0/errors|dsl/errors/types)/(" + "|".join(STATUS_BY_KIND) + r")"
)
# Names that documents written for older runtimes use in `errors.with.type`.
_LEGACY_TYPES: Final[Mapping[str, str]] = {
    "CallHTTP error": "communication",
    "CallGRPC error": "communication",
    "command": "runtime",
    "Validation": "validation",
    "If statement error": "expression",
}


class RunnerError(Exception):
    """Something went wrong in the workflow runner."""


class Fault(RunnerError):
    """A DSL error on its way to the nearest `try` that catches it, or to the end of the workflow.

    `error` is the error object: `type`, `status` and, when known, `instance`, `title`, `detail`.
    """

    def __init__(self, error: Mapping[str, Json]) -> None:
        self.error: dict[str, Json] = dict(error)
        super().__init__(describe(self.error))

    def place(self, pointer: str) -> Fault:
        """Set `instance` to `pointer`, unless the error has one; gives this fault."""
        if not self.error.get("instance"):
            self.error["instance"] = pointer
        return self


def error_object(kind: str, detail: str, *, status: int | None = None, title: str | None = None) -> dict[str, Json]:
    """The error object of a standard `kind` (`timeout`, `communication`, ...)."""
    return {
        "type": ERROR_BASE + kind,
        "status": STATUS_BY_KIND[kind] if status is None else status,
        "title": title or TITLE_BY_KIND[kind],
        "detail": detail,
    }


def fault(kind: str, detail: str, *, status: int | None = None, title: str | None = None) -> Fault:
    """A `Fault` of a standard `kind`."""
    return Fault(error_object(kind, detail, status=status, title=title))


def describe(error: Mapping[str, Json]) -> str:
    """One line for people: title, detail, type, status and place."""
    head = ": ".join(str(part) for part in (error.get("title"), error.get("detail")) if part)
    place = f" at {error['instance']}" if error.get("instance") else ""
    return f"{head or 'Error'} ({error.get('type')}, status {error.get('status')}){place}"


def bounded(error: Mapping[str, Json], limit: int = 8_000) -> dict[str, Json]:
    """The error object with long texts cut, fit for a report: an error may quote any amount of data."""
    found: dict[str, Json] = {}
    for key, value in error.items():
        text = value if isinstance(value, str) else str(value)
        found[key] = value if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
    return found


def canonical_type(uri: Json) -> Json:
    """The kind of a standard error type however it is written; any other value as it is."""
    if not isinstance(uri, str):
        return uri
    match = _STANDARD_TYPE.fullmatch(uri)
    return match.group(1) if match else _LEGACY_TYPES.get(uri, uri)


def matches(filters: Mapping[str, Json], error: Mapping[str, Json]) -> bool:
    """Whether `error` has every property of an `errors.with` filter; types are compared by kind."""
    for name, wanted in filters.items():
        key = "detail" if name == "details" else name
        actual = error.get(key)
        if key == "type":
            if wanted != "*" and canonical_type(wanted) != canonical_type(actual):
                return False
        elif wanted != actual:
            return False
    return True
