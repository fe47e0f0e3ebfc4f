"""Shapes the fields of `call: http` into one request. Pure: done by the workflow, or the activity for secrets."""

from __future__ import annotations

from collections.abc import Mapping

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.call_http import METHODS
from stigmer_workflow_runner.errors import Fault, fault
from stigmer_workflow_runner.outbound import plain


def shaped(fields: Mapping[str, Json]) -> dict[str, Json]:
    """The request of `with`'s evaluated fields. Raises `Fault` (expression) when one is not what it should be."""
    method, uri = fields["method"], fields["uri"]
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise fault("expression", f"with.method must be one of {', '.join(sorted(METHODS))}, not {method!r}")
    if not isinstance(uri, str):
        raise fault("expression", f"with.endpoint must give text, not {uri!r}")
    return {
        "method": method.upper(),
        "uri": uri,
        "headers": texts(fields["headers"], "with.headers"),
        "query": _query(fields["query"]),
        "body": fields["body"],
        "has_body": fields["has_body"],
        "output": fields["output"],
        "redirect": fields["redirect"],
    }


def texts(value: Json, what: str) -> dict[str, str]:
    """An object of scalars as texts; null ones are left out."""
    if not isinstance(value, Mapping):
        raise _wrong(f"{what} must give an object, not {value!r}")
    for key, item in value.items():
        if isinstance(item, dict | list):
            raise _wrong(f"{what}.{key} must be text, number or boolean")
    return {str(key): plain(item) for key, item in value.items() if item is not None}


def _query(value: Json) -> list[list[str]]:
    """Pairs of a query; a list repeats its name."""
    if not isinstance(value, Mapping):
        raise _wrong(f"with.query must give an object, not {value!r}")
    pairs: list[list[str]] = []
    for key, item in value.items():
        items = item if isinstance(item, list) else [item]
        if any(isinstance(part, dict | list) for part in items):
            raise _wrong(f"with.query.{key} must be text, number, boolean or a list of them")
        pairs.extend([str(key), plain(part)] for part in items if part is not None)
    return pairs


def _wrong(detail: str) -> Fault:
    return fault("expression", detail)
