"""Reads YAML that somebody else wrote: no objects, no duplicate keys, no nesting that could bring the process down."""

from __future__ import annotations

from typing import Any

from stigmer_api.dsl.loader import load_text
from stigmer_api.dsl.problems import DocumentEmptyError, DocumentInvalidError

__all__ = ["BadYaml", "parse_yaml"]


class BadYaml(ValueError):
    """A text is not acceptable YAML; the message has the line where it is known."""


def parse_yaml(text: str) -> Any:
    """The content of a YAML 1.2 document, None for an empty one. Raises BadYaml."""
    try:
        return load_text(text).value
    except DocumentEmptyError:
        return None
    except DocumentInvalidError as error:
        raise BadYaml(str(error)) from error
