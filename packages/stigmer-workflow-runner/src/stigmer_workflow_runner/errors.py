"""Errors of the runner, and error objects of the DSL (RFC 7807) as they travel through a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stigmer_api.dsl.errors import ERROR_BASE, STATUS_BY_KIND, Json, canonical_type

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
