"""How deep a request may nest: less deep than parsers take, because what is stored has to fit into lists and streams.

Parsers give up at 100 messages inside each other. A resource that uses all of them can be written and read, but a list
with it in it is unreadable for everybody. So a request has to parse with `ROOM` more messages around it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

__all__ = ["ROOM", "fits"]

ROOM = 10
"""Messages that may come to stand around a stored one."""

_PARSERS_LIMIT = 100
_HARMLESS_BYTES = 2 * (_PARSERS_LIMIT - ROOM)
"""A request up to this size cannot nest too deep: each level takes two bytes."""

_TYPE_MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE


def fits(request: type[Message], raw: bytes) -> bool:
    """Whether a parsable request of this type nests so little that it can be handed on inside other messages."""
    if len(raw) <= _HARMLESS_BYTES:
        return True
    try:
        _around(request.DESCRIPTOR).FromString(_heads(len(raw)) + raw)
    except DecodeError:
        return False
    return True


@lru_cache(maxsize=4096)
def _heads(size: int) -> bytes:
    """The beginnings of `ROOM` messages inside each other, the innermost of which holds a request of this size."""
    heads: list[bytes] = []
    for level in range(ROOM):
        heads.append((b"\x12" if level == 0 else b"\x0a") + _varint(size))
        size += len(heads[-1])
    return b"".join(reversed(heads))


@cache
def _around(target: Any) -> Any:
    """The class of a message that holds itself (field 1) or a message with descriptor `target` (field 2)."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"stigmer_server/nesting/{target.full_name}.proto",
        package=f"stigmer_server.nesting.{target.full_name}",
        syntax="proto3",
        dependency=[target.file.name],
    )
    around = file.message_type.add(name="Around")
    inner = f".{file.package}.Around"
    around.field.add(name="inner", number=1, type=_TYPE_MESSAGE, type_name=inner)
    around.field.add(name="request", number=2, type=_TYPE_MESSAGE, type_name=f".{target.full_name}")
    pool: Any = descriptor_pool.Default()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(inner[1:]))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
