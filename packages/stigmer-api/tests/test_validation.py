"""Field rules of the contract, and of our own extension fields."""

from __future__ import annotations

from typing import Any

import pytest

from stigmer_api.errors import InvalidArgument
from stigmer_api.kinds import API_VERSION, kind_by_name
from stigmer_api.validation import validate, violations


def agent(**spec: Any) -> Any:
    return kind_by_name("Agent").message(
        api_version=API_VERSION,
        kind="Agent",
        metadata={"name": "greeter"},
        spec={"instructions": "Greet politely.", **spec},
    )


def workflow(spec: dict[str, Any]) -> Any:
    return kind_by_name("Workflow").message(api_version=API_VERSION, kind="Workflow", metadata={"name": "w"}, spec=spec)


def test_a_valid_resource_has_no_violations() -> None:
    assert violations(agent()) == []


def test_every_broken_rule_is_reported_with_its_path() -> None:
    broken = agent(skill_refs=[{}])
    broken.kind = "Robot"
    broken.spec.sub_agents.add(instructions="long enough text")
    with pytest.raises(InvalidArgument) as caught:
        validate(broken)
    fields = [item.field for item in caught.value.violations]
    assert fields == ["kind", "spec.skill_refs[0].slug", "spec.sub_agents[0].name"]


def test_a_resource_without_its_spec_is_refused() -> None:
    bare = kind_by_name("Agent").message(api_version=API_VERSION, kind="Agent", metadata={"name": "x"})
    assert [item.field for item in violations(bare)] == ["spec"]


def test_a_workflow_needs_a_source_or_a_document_with_tasks() -> None:
    assert violations(workflow({"description": "empty"}))
    assert violations(workflow({"source": "document: …"})) == []
    tasks = [{"name": "a", "kind": "wait", "task_config": {"duration": {"seconds": 1}}}]
    document = {"dsl": "1.0.0", "namespace": "x", "name": "w", "version": "1.0.0"}
    assert violations(workflow({"document": document, "tasks": tasks})) == []
    assert violations(workflow({"document": document}))


@pytest.mark.parametrize("name", ["../etc/passwd", "a/b", "..", "a\\b"])
def test_an_attachment_name_with_a_path_is_refused(name: str) -> None:
    from stigmer_api.messages import message_class

    attachment = message_class("ai.stigmer.agentic.agentexecution.v1.Attachment")
    assert violations(attachment(filename=name, storage_key="k"))
    assert violations(attachment(filename="plain.txt", storage_key="k")) == []
