"""A workflow definition: text or JSON value to the compiled tree."""

from __future__ import annotations

import json

from stigmer_api.dsl.dialects import to_spec
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.loader import load_text
from stigmer_api.dsl.model import Task, Workflow
from stigmer_api.dsl.problems import Problems
from stigmer_api.dsl.tasks import TASK_TYPES
from stigmer_api.dsl.validation import compile_document, compile_task


def read_text(text: str) -> tuple[dict[str, Json], Workflow]:
    """A document's JSON value, in the words of the specification, and its tree. Raises `DocumentInvalidError`."""
    loaded = load_text(text)
    value, untold = to_spec(loaded.value)
    if untold:
        problems = Problems(loaded.lines)
        for problem in untold:
            problems.add(problem.pointer, problem.message)
        problems.raise_if_any()
    workflow = compile_document(value, TASK_TYPES, loaded.lines)
    return value, workflow


def compile_value(value: Json) -> Workflow:
    """The tree of a document that is a JSON value already. Raises `DocumentInvalidError`."""
    return compile_document(value, TASK_TYPES)


def compile_function(name: str, text: str, pointer: str) -> Task:
    """The task of a function that is a document of its own, as JSON text; errors name `pointer`, where it is called.

    It has nothing of the workflow that calls it: neither its secrets nor what it declares under `use`.

    Raises:
        DocumentInvalidError: with everything that is wrong.
    """
    return compile_task(name, json.loads(text), pointer, TASK_TYPES)
