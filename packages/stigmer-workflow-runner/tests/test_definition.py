"""What binds a running workflow to its definition, and compiled bodies to what runs them."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import is_dataclass

import pytest
from runner_documents import HEAD

import stigmer_api.dsl.tasks
from stigmer_api.dsl.definition import read_text
from stigmer_workflow_runner.definition import canonical, compile_pinned, digest
from stigmer_workflow_runner.tasks import BODIES


def test_a_pinned_definition_is_bound_to_its_hash() -> None:
    value, workflow = read_text(HEAD + "do: [{a: {set: {x: 1}}}]")
    text = canonical(value)
    assert compile_pinned(digest(canonical(value)), text).name == workflow.name
    with pytest.raises(ValueError, match="hash"):
        compile_pinned("0" * 64, text)


PARTS_OF_BODIES = {
    "ActivityRetry", "Apart", "Case", "Catch", "Contract", "Correlation", "Criterion", "Escalation", "Failing",
    "Filter", "Foreach",
    "HumanOutcome", "Retry", "Rule", "Strategy", "Subscription",
}  # fmt: skip


def test_every_body_that_a_document_compiles_to_can_run() -> None:
    bodies = set()
    for module in pkgutil.iter_modules(stigmer_api.dsl.tasks.__path__, "stigmer_api.dsl.tasks."):
        found = vars(importlib.import_module(module.name)).values()
        bodies |= {
            item for item in found if isinstance(item, type) and is_dataclass(item) and item.__module__ == module.name
        }
    assert {item for item in bodies if item.__name__ not in PARTS_OF_BODIES} == set(BODIES)
