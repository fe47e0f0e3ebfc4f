"""Follows `$ref` inside a document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.errors import fault

MAX_REFERENCES: Final = 100


def resolved(document: Json, value: Any, uri: str) -> Any:
    """The value, or what its `$ref` points to. Raises `Fault` (configuration) when that is not in the document."""
    for _ in range(MAX_REFERENCES):
        if not isinstance(value, Mapping) or "$ref" not in value:
            return value
        reference = str(value["$ref"])
        if not reference.startswith("#/"):
            raise fault("configuration", f"{uri} refers to {reference}: only references inside it are followed")
        value = document
        for key in keys_of(reference):
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (LookupError, TypeError, ValueError) as error:
                raise fault("configuration", f"{uri} has no {reference}") from error
    raise fault("configuration", f"{uri} has references that lead in a circle")


def keys_of(reference: str) -> list[str]:
    """The keys of a reference `#/a/b`."""
    return [part.replace("~1", "/").replace("~0", "~") for part in reference[2:].split("/")]
