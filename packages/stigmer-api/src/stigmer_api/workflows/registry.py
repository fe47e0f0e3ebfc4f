"""The registry of task kinds: what an editor needs to know, derived from what tasks are checked against."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.enum_pb2 import TaskFieldType, TaskKindCategory
from stigmer_api._pb.ai.stigmer.agentic.workflow.v1.io_pb2 import (
    GetTaskKindRegistryResponse,
    TaskFieldDescriptor,
    TaskKindDescriptor,
)
from stigmer_api.messages import message_class
from stigmer_api.workflows.kinds import TASK_KINDS, TaskKind
from stigmer_api.workflows.schema import Schema, field_schema, is_required, message_schema, rules_of

_NOT_YET: Final = "Not supported yet: a workflow with it is refused when it is applied."
_TYPES: Final = {
    FieldDescriptor.CPPTYPE_STRING: TaskFieldType.TASK_FIELD_TYPE_STRING,
    FieldDescriptor.CPPTYPE_BOOL: TaskFieldType.TASK_FIELD_TYPE_BOOL,
    FieldDescriptor.CPPTYPE_ENUM: TaskFieldType.TASK_FIELD_TYPE_ENUM,
    FieldDescriptor.CPPTYPE_FLOAT: TaskFieldType.TASK_FIELD_TYPE_FLOAT,
    FieldDescriptor.CPPTYPE_DOUBLE: TaskFieldType.TASK_FIELD_TYPE_FLOAT,
}
_HINTS: Final = {
    "min_len": "at least {} characters",
    "max_len": "at most {} characters",
    "pattern": "matches {}",
    "gte": "at least {}",
    "lte": "at most {}",
    "gt": "more than {}",
    "lt": "less than {}",
    "min_items": "at least {} entries",
    "max_items": "at most {} entries",
}


@cache
def task_kind_registry() -> GetTaskKindRegistryResponse:
    """Every kind, in the order of their numbers. The answer is shared: nobody may change it."""
    return GetTaskKindRegistryResponse(descriptors=[_kind(kind) for kind in TASK_KINDS])


def _kind(kind: TaskKind) -> TaskKindDescriptor:
    config: Any = message_class(kind.config).DESCRIPTOR
    return TaskKindDescriptor(
        kind=kind.name,
        category=TaskKindCategory.Name(kind.category),
        display_name=kind.display_name,
        description=kind.description if kind.supported else f"{kind.description} {_NOT_YET}",
        config_proto_type=kind.config,
        fields=[_field(kind, field) for field in config.fields],
        config_json_schema=_text(message_schema(config)),
        yaml_examples=[kind.example],
        is_ai_native=kind.ai_native,
        requires_external_service=kind.external,
    )


def _field(kind: TaskKind, field: FieldDescriptor) -> TaskFieldDescriptor:
    definitions: dict[str, Schema] = {}
    fragment = field_schema(field, definitions)
    rules = rules_of(field)
    found = TaskFieldDescriptor(
        name=field.name,
        type=TaskFieldType.Name(_type(field)),
        display_name=field.name.replace("_", " ").capitalize(),
        required=is_required(field),
        is_expression=any(name.partition(".")[0] == field.name for name in kind.expressions),
        enum_values=_choices(field, rules),
        json_schema_fragment=_text(fragment | ({"$defs": definitions} if definitions else {})),
        field_number=field.number,
        element_type=_element(field),
        validation_hints=_hints(rules),
    )
    if field.containing_oneof is not None:
        others = [item.name for item in field.containing_oneof.fields if item is not field]
        found.validation_hints.append(f"not together with {', '.join(others)}")
    return found


def _type(field: FieldDescriptor) -> int:
    message: Any = field.message_type
    if field.is_repeated:
        is_map = message is not None and message.GetOptions().map_entry
        return TaskFieldType.TASK_FIELD_TYPE_MAP if is_map else TaskFieldType.TASK_FIELD_TYPE_REPEATED
    if message is not None:
        free = message.full_name in {"google.protobuf.Struct", "google.protobuf.Value"}
        return TaskFieldType.TASK_FIELD_TYPE_STRUCT if free else TaskFieldType.TASK_FIELD_TYPE_MESSAGE
    return _TYPES.get(field.cpp_type, TaskFieldType.TASK_FIELD_TYPE_INT32)


def _element(field: FieldDescriptor) -> str:
    """What a list, a map or a message field consists of."""
    message: Any = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return _element(message.fields_by_name["value"]) or "string"
    if message is not None:
        return str(message.full_name)
    if field.enum_type is not None:
        return str(field.enum_type.full_name)
    return "string" if field.is_repeated else ""


def _choices(field: FieldDescriptor, rules: dict[str, Any]) -> list[str]:
    if field.enum_type is not None:
        return [value.name for value in field.enum_type.values if value.number]
    return [str(value) for value in rules.get("in", [])]


def _hints(rules: dict[str, Any]) -> list[str]:
    hints = [_HINTS[name].format(value) for name, value in rules.items() if name in _HINTS]
    if "in" in rules:
        hints.append("one of " + ", ".join(str(value) for value in rules["in"]))
    return hints


def _text(schema: Schema) -> str:
    return json.dumps(schema, separators=(",", ":"))
