"""The small conversions of the reducer: ids, caps and protobuf values. Pure functions."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

MAX_RESULT_BYTES = 32 * 1024
"""Largest tool result or error in a status: people read it, the model has the whole one."""

MAX_ARGUMENT_BYTES = 8 * 1024
"""Largest text inside the arguments of a tool call in a status."""

USER_ID = "user"

_TOOL_KINDS = {
    "read_file": enum_pb2.TOOL_KIND_FILE_READ,
    "write_file": enum_pb2.TOOL_KIND_FILE_WRITE,
    "edit_file": enum_pb2.TOOL_KIND_FILE_EDIT,
    "delete": enum_pb2.TOOL_KIND_FILE_DELETE,
    "ls": enum_pb2.TOOL_KIND_LIST,
    "glob": enum_pb2.TOOL_KIND_SEARCH,
    "grep": enum_pb2.TOOL_KIND_SEARCH,
    "execute": enum_pb2.TOOL_KIND_SHELL,
    "task": enum_pb2.TOOL_KIND_SUBAGENT,
    "write_todos": enum_pb2.TOOL_KIND_TODO,
}

_TODO_STATUSES = {
    "pending": enum_pb2.TODO_PENDING,
    "in_progress": enum_pb2.TODO_IN_PROGRESS,
    "completed": enum_pb2.TODO_COMPLETED,
    "cancelled": enum_pb2.TODO_CANCELLED,
}


def turn_id(turn: int) -> str:
    """Merge key of the AI message of a turn."""
    return f"turn-{turn}"


def tool_id(turn: int, index: int) -> str:
    """Merge key of the tool message of a call: its place, so that a turn asked again replaces what it was."""
    return f"turn-{turn}/tool-{index}"


def notice_id(key: str) -> str:
    """Merge key of a notice."""
    return f"notice/{key}"


def turn_of(message_id: str) -> int | None:
    """The turn that `message_id` is the AI message of, or None."""
    number = message_id.removeprefix("turn-")
    return int(number) if number != message_id and number.isdigit() else None


def capped(text: str, limit: int) -> str:
    """Return at most `limit` bytes of `text`, with a remark on what is missing."""
    data = text.encode("utf-8", errors="replace")
    if len(data) <= limit:
        return text
    return f"{data[:limit].decode('utf-8', errors='ignore')}\n[… {len(data) - limit} more bytes are not shown]"


def args_struct(args: Mapping[str, Any]) -> Struct:
    """Return arguments as a Struct, long texts capped."""
    struct = Struct()
    struct.update({str(key): _plain(value) for key, value in args.items()})
    return struct


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return capped(value, MAX_ARGUMENT_BYTES)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def tool_kind(name: str, declared: enum_pb2.ToolKind = enum_pb2.TOOL_KIND_UNSPECIFIED) -> enum_pb2.ToolKind:
    """The kind of a tool that clients pick an icon by: what the tool declares, else what its name says."""
    return declared or _TOOL_KINDS.get(name, enum_pb2.TOOL_KIND_UNSPECIFIED)


def todo_status(name: str) -> enum_pb2.TodoStatus:
    """The wire's value of a to-do status; unknown words count as pending."""
    return _TODO_STATUSES.get(name, enum_pb2.TODO_PENDING)


def todo_id(item: Mapping[str, Any], index: int) -> str:
    """A to-do's own id, or one that stays the same while its text and place do."""
    own = item.get("id")
    if isinstance(own, str) and own:
        return own
    return hashlib.sha256(f"{index}:{item.get('content', '')}".encode()).hexdigest()[:12]
