"""What the checkpointed messages say about one execution. The id of its user message is the execution's id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from stigmer_agent_runner.engine.gate import closed
from stigmer_agent_runner.engine.graphton.calls import ending_of
from stigmer_agent_runner.engine.loops import Round, round_of
from stigmer_agent_runner.engine.protocol import Event, MessageDone, MessageStarted, Segment, Usage


def since(messages: Sequence[AnyMessage], execution_id: str) -> list[AnyMessage] | None:
    """Return the messages after the execution's own user message; None when that was never delivered."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].id == execution_id:
            return list(messages[at + 1 :])
    return None


def turns_in(messages: Sequence[AnyMessage]) -> int:
    """How many turns the model has taken in `messages`."""
    return sum(isinstance(message, AIMessage) for message in messages)


def rounds_in(messages: Sequence[AnyMessage]) -> list[Round]:
    """The turns of the model in `messages` that called tools."""
    asking = [message for message in messages if isinstance(message, AIMessage) and message.tool_calls]
    return [round_of([(call["name"], call["args"]) for call in message.tool_calls]) for message in asking]


def answer_in(messages: Sequence[AnyMessage]) -> AIMessage | None:
    """Return the final answer: the last message, when it is the model's and asks for no tool."""
    last = messages[-1] if messages else None
    return last if isinstance(last, AIMessage) and not last.tool_calls else None


def told(messages: Sequence[AnyMessage], segment: Segment) -> Iterator[Event]:
    """Yield the events that led to `messages`, for a run that resumes."""
    turn = -1
    for message in messages:
        if isinstance(message, AIMessage):
            turn += 1
            yield MessageStarted(turn, segment.model.label)
            yield from answered(turn, message, segment)
        elif isinstance(message, ToolMessage):
            yield tool_closed(message)


def answered(turn: int, message: AIMessage, segment: Segment) -> Iterator[Event]:
    """Yield the events of a complete answer."""
    usage = usage_of(message)
    yield MessageDone(turn, str(message.text), None if usage is None else segment.priced(usage))
    for index, call in enumerate(message.tool_calls):
        yield segment.requested(turn, index, call["id"] or "", call["name"], call["args"])


def tool_closed(message: ToolMessage) -> Event:
    """The event of a tool's result."""
    return closed(message.tool_call_id, str(message.text), ending_of(message))


def usage_of(message: AIMessage) -> Usage | None:
    """The tokens of an answer, when the endpoint told them."""
    usage = message.usage_metadata
    if usage is None:
        return None
    details = usage.get("input_token_details") or {}
    return Usage(
        usage["input_tokens"],
        usage["output_tokens"],
        details.get("cache_read") or 0,
        details.get("cache_creation") or 0,
    )
