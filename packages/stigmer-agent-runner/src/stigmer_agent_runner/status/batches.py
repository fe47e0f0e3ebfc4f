"""Results of calls in the AI message that asked for them: the beginning while others are open, whole once all are done.

Reports replace messages whole, so the result of the first of ten parallel calls would travel ten times. Its own tool
message has it whole at once; the AI message follows with the end of the last call, or when the run waits for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_agent_runner.status import messages as shape
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOSED = frozenset(
    {
        enum_pb2.TOOL_CALL_COMPLETED,
        enum_pb2.TOOL_CALL_FAILED,
        enum_pb2.TOOL_CALL_SKIPPED,
        enum_pb2.TOOL_CALL_INTERRUPTED,
    }
)
"""How a call can have ended."""

_EXCERPT = 512
"""Characters of a result that clients can show meanwhile."""


def holds_back(message: status_pb2.AgentMessage) -> bool:
    """Whether results of a message wait for other calls of it."""
    ended = [call for call in message.tool_calls if call.status in CLOSED]
    return len(ended) < len(message.tool_calls) and any(len(call.result or call.error) > _EXCERPT for call in ended)


def shortened(message: status_pb2.AgentMessage) -> status_pb2.AgentMessage:
    """The message with the beginnings of its results."""
    short = status_pb2.AgentMessage()
    short.CopyFrom(message)
    for call in short.tool_calls:
        for field in ("result", "error"):
            text = getattr(call, field)
            if len(text) > _EXCERPT:
                setattr(call, field, f"{text[:_EXCERPT]}…")
    return short


def restore(messages: Mapping[str, status_pb2.AgentMessage]) -> set[str]:
    """Make results that were stored shortened whole again, from the tool messages; returns what messages had some."""
    restored = set()
    for message in messages.values():
        turn = shape.turn_of(message.id)
        for at, call in enumerate(message.tool_calls if turn is not None else ()):
            told = messages.get(shape.tool_id(turn or 0, at))
            field = "result" if call.status == enum_pb2.TOOL_CALL_COMPLETED else "error"
            short = getattr(call, field)
            if call.status in CLOSED and short.endswith("…") and told is not None and told.content != short:
                setattr(call, field, told.content)
                restored.add(message.id)
    return restored
