"""Methods that the contract declares and this version answers with UNIMPLEMENTED. A method leaves it when it works."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["WITHOUT_BEHAVIOUR"]

_BY_SERVICE: Mapping[str, tuple[str, ...]] = {
    "agentexecution.v1.AgentExecutionQueryController": (
        "getAgentUsageReport",
        "getExecutionSummary",
        "getExecutionUsageReport",
        "getSessionUsageReport",
    ),
    "mcpserver.v1.McpServerCommandController": ("connect", "startConnect"),
    "workflow.v1.TaskKindRegistryQueryController": ("getTaskKindRegistry",),
    "workflowexecution.v1.WorkflowExecutionQueryController": ("getExecutionSummary",),
}

WITHOUT_BEHAVIOUR: frozenset[str] = frozenset(
    f"/ai.stigmer.agentic.{service}/{name}" for service, names in _BY_SERVICE.items() for name in names
)
"""Paths of those methods."""
