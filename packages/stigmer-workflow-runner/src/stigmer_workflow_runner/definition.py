"""Definitions of running workflows: compiled once, pinned by the hash of their content."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from stigmer_api.dsl.definition import compile_value
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import Workflow
from stigmer_workflow_runner.json_text import to_text


def canonical(value: Json) -> str:
    """The one text of a JSON value that its hash is made of. Key order is part of it: it decides evaluation order."""
    return to_text(value)


def digest(text: str) -> str:
    """SHA-256 of a document's canonical text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=256)
def compile_pinned(sha256: str, text: str) -> Workflow:
    """The tree of a pinned document (`canonical` text); cached, because every replay asks again.

    Raises:
        ValueError: the text does not have that hash.
        DocumentInvalidError: this worker does not accept the document (any more).
    """
    value: Any = json.loads(text)
    if digest(text) != sha256:
        raise ValueError("the definition does not match its hash")
    return compile_value(value)
