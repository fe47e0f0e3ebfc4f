"""How messages speak of what somebody wrote: its type, and what was perhaps meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Final

from stigmer_api.dsl.errors import Json

_OTHER_WORDS: Final = {
    "args": "arguments",
    "condition": "when",
    "data": "body",
    "env": "environment",
    "list": "in",
    "next": "then",
    "params": "parameters",
    "payload": "body",
    "uri": "endpoint",
    "url": "endpoint",
}


def meant(key: str, known: Collection[str]) -> str:
    """A guess at the key that was meant, for the end of a message; empty when there is none."""
    other = _OTHER_WORDS.get(key.lower())
    close = [other] if other in known else get_close_matches(key, list(known), 1, 0.75)
    return f" (did you mean {close[0]!r}?)" if close else ""


def kind_of(value: Json) -> str:
    """The type of a value, for a message."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "text" if isinstance(value, str) else "a number"
