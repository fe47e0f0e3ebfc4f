"""How activities fail: DSL errors that nobody repeats, and a server that is away, which Temporal repeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from temporalio.exceptions import ApplicationError

from stigmer_api.dsl.errors import Json
from stigmer_api.errors import ApiError
from stigmer_workflow_runner.errors import bounded, describe, error_object
from stigmer_workflow_runner.json_text import PAYLOAD_LIMIT, readable, size_of

FAULT: Final = "stigmer.fault"
"""Type of an application error whose one detail is a DSL error object."""
AWAY: Final = "stigmer.server-away"
"""Type of an application error that Temporal repeats: the server could not answer now."""

LATER: Final = frozenset(
    {
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "ABORTED",
        "CANCELLED",
        "INTERNAL",
        "UNAUTHENTICATED",
        "UNKNOWN",
    }
)
"""Codes of what may be answered otherwise later. A wrong token belongs here: whoever runs the runner mends it."""


def failure(error: Mapping[str, Json]) -> ApplicationError:
    """The application error that carries a DSL error object; Temporal does not repeat it."""
    found = bounded(error)
    return ApplicationError(readable(describe(found)), found, type=FAULT, non_retryable=True)


def fitting(value: Json, what: str) -> Json:
    """`value`, when a payload can hold it; otherwise a failure that says what is too large."""
    limit = PAYLOAD_LIMIT.get()
    if size_of(value) > limit:
        raise failure(error_object("runtime", f"{what} is larger than {limit} bytes"))
    return value


@contextmanager
def no_surprises(doing: str) -> Iterator[None]:
    """The edge of an activity: what nobody foresaw fails once and is not repeated for ever."""
    try:
        yield
    except ApplicationError:
        raise
    except Exception as error:
        raise failure(error_object("runtime", f"{doing}: {type(error).__name__}: {error}")) from error


@contextmanager
def server_errors(doing: str) -> Iterator[None]:
    """Turn an error of the API server into an application error. `doing` says what was tried."""
    try:
        yield
    except ApiError as error:
        text = f"{doing}: {error.message}"
        if error.code in LATER:
            raise ApplicationError(text, type=AWAY) from error
        kind = "authorization" if error.code == "PERMISSION_DENIED" else "configuration"
        raise failure(error_object(kind, text)) from error
