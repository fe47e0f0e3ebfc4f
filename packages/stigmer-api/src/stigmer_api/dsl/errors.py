"""The root of this package's errors, and the DSL's standard error types (RFC 7807)."""

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


class DslError(Exception):
    """A document, or a part of one, is not what it should be."""


def canonical_type(uri: Json) -> Json:
    """The kind of a standard error type however it is written; any other value as it is."""
    if not isinstance(uri, str):
        return uri
    match = _STANDARD_TYPE.fullmatch(uri)
    return match.group(1) if match else _LEGACY_TYPES.get(uri, uri)
