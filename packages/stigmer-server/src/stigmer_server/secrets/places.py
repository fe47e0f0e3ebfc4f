"""Which values of a resource may be secret: read from the descriptors, so that a new kind needs no entry anywhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from stigmer_api.kinds import KINDS, Kind

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["kinds_with_secrets", "secret_entries", "secret_maps"]


@cache
def secret_maps(kind: Kind) -> tuple[str, ...]:
    """The fields of a kind's spec that map names to messages with `value` and `is_secret`."""
    spec: Any = kind.message.DESCRIPTOR.fields_by_name["spec"].message_type
    return tuple(field.name for field in spec.fields if _holds_secrets(field))


def kinds_with_secrets() -> tuple[Kind, ...]:
    """Every kind that has such a field."""
    return tuple(kind for kind in KINDS if secret_maps(kind))


def secret_entries(kind: Kind, resource: Message) -> list[tuple[str, Any]]:
    """(name, entry) of everything in a resource that is marked secret; the name is `field/key`."""
    found: list[tuple[str, Any]] = []
    spec: Any = getattr(resource, "spec")  # noqa: B009 - Message has none for the type checker
    for field in secret_maps(kind):
        entries = getattr(spec, field)
        if entries:
            found += [(f"{field}/{key}", entry) for key, entry in entries.items() if entry.is_secret]
    return found


def _holds_secrets(field: Any) -> bool:
    if field.message_type is None or not field.message_type.GetOptions().map_entry:
        return False
    value = field.message_type.fields_by_name["value"].message_type
    return value is not None and {"value", "is_secret"} <= {item.name for item in value.fields}
