"""Tokens and cost in a status: of each message, and their sum over the agent and its sub-agents. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import status_pb2

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.protocol import Usage

_FIELDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_COST = "cost_usd"
_UNKNOWN = "cost"


def described(usage: Usage) -> dict[str, float | str]:
    """The usage of one model call as the metadata of its message holds it; a cost that nobody knows is no number."""
    counts = dict(zip(_FIELDS, (usage.input, usage.output, usage.cache_read, usage.cache_write), strict=True))
    return {**counts, **({_UNKNOWN: "unknown"} if usage.cost is None else {_COST: usage.cost})}


def summed(status: status_pb2.AgentExecutionStatus) -> status_pb2.StreamingUsageSummary:
    """Sum up what the messages say: telling a turn twice counts it once."""
    totals: dict[str, Any] = dict.fromkeys(_FIELDS, 0)
    cost, unpriced = 0.0, 0
    lists = [status.messages, *(agent.messages for agent in status.sub_agent_executions)]
    counted = [message for messages in lists for message in messages if "usage" in message.metadata]
    for message in counted:
        usage = MessageToDict(message.metadata)["usage"]
        for field in _FIELDS:
            totals[field] += int(usage.get(field, 0))
        cost += float(usage.get(_COST, 0.0))
        unpriced += _COST not in usage
    own = [message for message in status.messages if "usage" in message.metadata] or counted
    return status_pb2.StreamingUsageSummary(
        **totals,
        total_tokens=totals["input_tokens"] + totals["output_tokens"],
        turn_count=len(counted),
        model=str(MessageToDict(own[-1].metadata).get("model", "")) if own else "",
        estimated_cost_usd=cost,
        unpriced_turns=unpriced,
        observed_at=status.streaming_usage.observed_at,
    )
