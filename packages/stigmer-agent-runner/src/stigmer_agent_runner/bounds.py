"""What an execution's configuration bounds: its spending, and the form of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from stigmer_agent_runner.engine.answers import checked_schema
from stigmer_agent_runner.engine.limits import Limits
from stigmer_agent_runner.engine.prices import price_missing
from stigmer_agent_runner.errors import ResolveError

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.prices import Prices
    from stigmer_agent_runner.engine.providers import ModelChoice
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import spec_pb2


def limits_of(config: spec_pb2.ExecutionConfig, model: ModelChoice, prices: Prices) -> Limits:
    """What the execution may spend. Raises ResolveError for a limit of cost without a price."""
    if config.max_cost_usd > 0 and prices.of(model) is None:
        text = f"spec.execution_config.max_cost_usd cannot be kept: {price_missing(model)}"
        raise ResolveError(text, kind="price_unknown")
    return Limits(
        rounds=max(0, config.max_tool_rounds),
        tokens=config.max_total_tokens,
        cost=max(0.0, config.max_cost_usd),
        seconds=config.max_work_seconds,
        result_chars=max(0, config.max_tool_result_chars),
    )


def schema_of(config: spec_pb2.ExecutionConfig) -> dict[str, Any] | None:
    """The JSON Schema of the answer; None for plain text. Raises ResolveError."""
    if not config.HasField("structured_output_schema"):
        return None
    return checked_schema(MessageToDict(config.structured_output_schema))
