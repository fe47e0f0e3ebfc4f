"""YAML scalars to protobuf scalars: one small function per wire type, each with the words for what it expects."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from ruamel.yaml.nodes import Node, ScalarNode

from stigmer_cli.manifest.documents import describe, scalar
from stigmer_cli.suggestions import did_you_mean

_INT_RANGES = {
    **dict.fromkeys(
        (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SFIXED32), (-(2**31), 2**31 - 1)
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64, FieldDescriptor.TYPE_SFIXED64), (-(2**63), 2**63 - 1)
    ),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32), (0, 2**32 - 1)),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64), (0, 2**64 - 1)),
}


class WrongValueError(ValueError):
    """A value does not fit its field; the message says what was expected and what was found."""


def convert_scalar(node: Node, field: FieldDescriptor) -> Any:
    """Return the value of a node for a scalar or enum field. Raises WrongValueError."""
    if field.enum_type is not None:
        return _enum(node, field.enum_type)
    if field.type in _INT_RANGES:
        return _integer(node, *_INT_RANGES[field.type])
    return _CONVERTERS[field.type](node)


def text(node: Node) -> str:
    """Return the text of a node."""
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, str):
        return value
    quoting = ": put it in quotes" if isinstance(node, ScalarNode) and value is not None else ""
    raise WrongValueError(f"expected text, found {describe(node)}{quoting}")


def _boolean(node: Node) -> bool:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, bool):
        return value
    raise WrongValueError(f"expected true or false, found {describe(node)}")


def _integer(node: Node, low: int, high: int) -> int:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        value = int(value)  # JSON writes 64-bit integers as texts
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError(f"expected a whole number, found {describe(node)}")
    if not low <= value <= high:
        raise WrongValueError(f"expected a whole number from {low} to {high}, found {value}")
    return value


def _number(node: Node) -> float:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValueError(f"expected a number, found {describe(node)}")
    return float(value)


def _data(node: Node) -> bytes:
    try:
        return base64.b64decode(text(node), validate=True)
    except binascii.Error as error:
        raise WrongValueError(f"expected bytes in base64: {error}") from error


_CONVERTERS: dict[int, Callable[[Node], Any]] = {
    FieldDescriptor.TYPE_STRING: text,
    FieldDescriptor.TYPE_BOOL: _boolean,
    FieldDescriptor.TYPE_FLOAT: _number,
    FieldDescriptor.TYPE_DOUBLE: _number,
    FieldDescriptor.TYPE_BYTES: _data,
}


def _enum(node: Node, enum: EnumDescriptor) -> int:
    """Return the number of an enum value, named in full ("EXECUTION_PENDING"), in short ("pending") or by number."""
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, int) and not isinstance(value, bool) and value in enum.values_by_number:
        return value
    names = {item.name: item.number for item in enum.values}
    prefix = common_prefix(list(names))
    short = {name.removeprefix(prefix).lower(): number for name, number in names.items()}
    if isinstance(value, str):
        if value in names:
            return names[value]
        if value.lower().replace("-", "_") in short:
            return short[value.lower().replace("-", "_")]
    listed = sorted(item for item in (short if prefix else names) if not item.lower().endswith("unspecified"))
    near = did_you_mean(value, listed) if isinstance(value, str) else ""
    raise WrongValueError(f"expected one of {', '.join(listed)}, found {describe(node)}.{near}")


def common_prefix(names: list[str]) -> str:
    """Return what all names of an enum start with, up to an underscore; enums repeat their own name in each value."""
    first, last = min(names), max(names)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[: first.rfind("_", 0, same) + 1]
