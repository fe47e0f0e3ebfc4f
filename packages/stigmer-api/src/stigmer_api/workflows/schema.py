"""JSON schemas of messages, derived from their descriptors and their field rules."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict

Schema = dict[str, Any]

_WELL_KNOWN: Final[dict[str, Schema]] = {
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?s$"},
}
_INTEGERS: Final = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)
_UNSIGNED: Final = frozenset({FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64})
_DECIMALS: Final = frozenset({FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE})
# How a rule is called there, and what makes it a value of a schema.
_KEYWORDS: Final = {
    "min_len": ("minLength", int),
    "max_len": ("maxLength", int),
    "pattern": ("pattern", str),
    "gte": ("minimum", float),
    "lte": ("maximum", float),
    "gt": ("exclusiveMinimum", float),
    "lt": ("exclusiveMaximum", float),
    "min_items": ("minItems", int),
    "max_items": ("maxItems", int),
    "min_pairs": ("minProperties", int),
    "max_pairs": ("maxProperties", int),
    "in": ("enum", list),
}


def rules_of(field: FieldDescriptor) -> dict[str, Any]:
    """The protovalidate rules of a field as JSON: `required`, `ignore`, and those of its type without its name."""
    options: Any = field.GetOptions()
    if not options.HasExtension(_extension()):
        return {}
    found: dict[str, Any] = MessageToDict(options.Extensions[_extension()], preserving_proto_field_name=True)
    flat: dict[str, Any] = {}
    for name, value in found.items():
        flat.update(value if isinstance(value, dict) else {name: value})
    return flat


@cache
def _extension() -> Any:
    return descriptor_pool.Default().FindExtensionByName("buf.validate.field")


def message_schema(message: Descriptor) -> Schema:
    """The whole schema of a message; nested messages are in `$defs`, so that tasks may hold tasks."""
    definitions: dict[str, Schema] = {}
    schema = _object(message, definitions)
    used = {name: body for name, body in sorted(definitions.items()) if name != message.name}
    if message.name in definitions:
        used[message.name] = definitions[message.name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": message.name,
        **schema,
        **({"$defs": used} if used else {}),
    }


def field_schema(field: FieldDescriptor, definitions: dict[str, Schema]) -> Schema:
    """The schema of one field; the messages it needs are added to `definitions`."""
    rules = rules_of(field)
    if not field.is_repeated:
        return _one(field, definitions) | _ruled(field, rules)
    entry: Any = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        schema: Schema = {"type": "object", "additionalProperties": _one(entry.fields_by_name["value"], definitions)}
    else:
        schema = {"type": "array", "items": _one(field, definitions)}
    if rules.get("required"):
        schema["minProperties" if schema["type"] == "object" else "minItems"] = 1
    return schema | _ruled(field, rules)


def _object(message: Descriptor, definitions: dict[str, Schema]) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": {field.name: field_schema(field, definitions) for field in message.fields},
        "additionalProperties": False,
    }
    required = [field.name for field in message.fields if is_required(field)]
    return schema | ({"required": required} if required else {})


def is_required(field: FieldDescriptor) -> bool:
    """Whether the field must be given: it says so, or it is a list that must not be empty."""
    rules = rules_of(field)
    return bool(rules.get("required")) or int(rules.get("min_items", 0)) > 0


def _one(field: FieldDescriptor, definitions: dict[str, Schema]) -> Schema:
    message = field.message_type
    if message is not None:
        if message.full_name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[message.full_name])
        if message.name not in definitions:
            definitions[message.name] = {}  # it may contain itself
            definitions[message.name] = _object(message, definitions)
        return {"$ref": f"#/$defs/{message.name}"}
    if field.enum_type is not None:
        return {"enum": [value.name for value in field.enum_type.values if value.number]}
    if field.cpp_type in _INTEGERS:
        return {"type": "integer", "minimum": 0} if field.cpp_type in _UNSIGNED else {"type": "integer"}
    if field.cpp_type in _DECIMALS:
        return {"type": "number"}
    return {"type": "boolean" if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else "string"}


def _ruled(field: FieldDescriptor, rules: dict[str, Any]) -> Schema:
    found: Schema = {}
    for name, value in rules.items():
        if name in _KEYWORDS and field.enum_type is None:
            keyword, convert = _KEYWORDS[name]
            number = convert(value)
            found[keyword] = int(number) if isinstance(number, float) and number.is_integer() else number
    return found
