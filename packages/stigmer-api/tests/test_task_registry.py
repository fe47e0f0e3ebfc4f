"""The registry of task kinds agrees with what tasks are checked against."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.enum_pb2 import TaskFieldType, WorkflowTaskKind
from stigmer_api.messages import message_class
from stigmer_api.workflows.kinds import TASK_KINDS
from stigmer_api.workflows.registry import task_kind_registry

DESCRIPTORS: Any = {item.kind: item for item in task_kind_registry().descriptors}


def fields(kind: Any) -> Any:
    return {item.name: item for item in DESCRIPTORS[kind].fields}


def test_every_kind_is_described_with_all_fields_of_its_config() -> None:
    assert set(DESCRIPTORS) == {number for number in WorkflowTaskKind.values() if number}
    for item in DESCRIPTORS.values():
        config: Any = message_class(item.config_proto_type).DESCRIPTOR
        assert [(field.name, field.field_number) for field in item.fields] == [
            (f.name, f.number) for f in config.fields
        ]
        assert item.display_name
        assert item.description
        assert item.category
        assert all(field.type for field in item.fields)


def test_types_rules_and_choices_come_from_the_contract() -> None:
    http = fields(WorkflowTaskKind.http_call)
    assert http["method"].required
    assert list(http["method"].enum_values) == ["GET", "POST", "PUT", "DELETE", "PATCH"]
    assert http["headers"].type == TaskFieldType.TASK_FIELD_TYPE_MAP
    assert http["body"].type == TaskFieldType.TASK_FIELD_TYPE_STRUCT
    assert list(http["timeout_seconds"].validation_hints) == ["at most 300", "at least 1"]
    assert http["body"].is_expression
    loop = fields(WorkflowTaskKind.for_each)
    assert (loop["do"].type, loop["do"].element_type, loop["do"].required) == (
        TaskFieldType.TASK_FIELD_TYPE_REPEATED,
        "ai.stigmer.agentic.workflow.v1.WorkflowTask",
        True,
    )
    assert "FOR_EACH_SKIP" in loop["on_error"].enum_values
    assert list(fields(WorkflowTaskKind.wait)["until"].validation_hints) == ["not together with duration"]


def test_what_does_not_run_yet_says_so() -> None:
    waiting = {kind.name for kind in TASK_KINDS if "Not supported yet" in DESCRIPTORS[kind.number].description}
    assert waiting == {kind.name for kind in TASK_KINDS if not kind.supported}
    assert "set_vars" not in waiting


@pytest.mark.parametrize("kind", TASK_KINDS, ids=lambda kind: kind.name)
def test_the_schema_of_a_config_accepts_its_example_and_nothing_unknown(kind: Any) -> None:
    item = DESCRIPTORS[kind.number]
    schema = jsonschema_rs.validator_for(json.loads(item.config_json_schema))
    [example] = item.yaml_examples
    config = YAML(typ="safe", pure=True).load(example)["task_config"]
    assert [error.message for error in schema.iter_errors(config)] == []
    assert not schema.is_valid({**config, "unheard_of": 1})
    for field in item.fields:
        jsonschema_rs.meta.validate(json.loads(field.json_schema_fragment))
