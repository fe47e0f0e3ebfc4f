"""Checks messages against the field rules of the contract (protovalidate options in proto/)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import protovalidate

from stigmer_api.errors import FieldViolation, InvalidArgument
from stigmer_api.sound import surely_valid

if TYPE_CHECKING:
    from google.protobuf.message import Message


@cache
def _validator() -> protovalidate.Validator:
    return protovalidate.Validator()


def _path(field: Any) -> str:
    """Write a field path as users do: spec.sub_agents[0].name, spec.env["KEY"]."""
    text = ""
    for element in field.elements if field is not None else ():
        text += ("." if text else "") + element.field_name
        if element.subscript is not None:
            key = element.subscript.value
            text += f"[{key}]" if element.subscript.field == "index" else f'["{key}"]'
    return text


def violations(message: Message) -> list[FieldViolation]:
    """Return every broken rule of `message`, in field order; empty when it is valid."""
    if surely_valid(message):
        return []
    found = _validator().collect_violations(message)
    return [
        FieldViolation(_path(item.proto.field), item.proto.message or f"breaks the rule {item.proto.rule_id}")
        for item in found
    ]


def validate(message: Message) -> None:
    """Raise InvalidArgument with all violations when `message` breaks a rule of the contract."""
    found = violations(message)
    if found:
        first = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise InvalidArgument(f"{first.field}: {first.description}{more}", violations=found)
