"""A workflow definition: text or JSON value to the compiled tree."""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.loader import load_text
from stigmer_api.dsl.model import Workflow
from stigmer_api.dsl.tasks import TASK_TYPES
from stigmer_api.dsl.validation import compile_document


def read_text(text: str) -> tuple[dict[str, Json], Workflow]:
    """A document's JSON value and its tree. Raises `DocumentInvalidError`."""
    loaded = load_text(text)
    workflow = compile_document(loaded.value, TASK_TYPES, loaded.lines)
    return loaded.value, workflow


def compile_value(value: Json) -> Workflow:
    """The tree of a document that is a JSON value already. Raises `DocumentInvalidError`."""
    return compile_document(value, TASK_TYPES)
