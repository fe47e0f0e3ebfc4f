"""What an agent waits for, shown at the workflows that wait for the agent: one transaction with the agent's change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.status_pb2 import WorkflowPendingApproval
from stigmer_api.kinds import kind_by_key
from stigmer_api.temporal import PARENT_LABEL
from stigmer_server.executions import phases

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["mirror_pending"]

_WORKFLOW_EXECUTION = kind_by_key("workflow_execution")
_DEEPEST = 20
"""Workflows above an agent that are told: a bound against labels that users made a circle of."""


def mirror_pending(unit: UnitOfWork, agent: Resource) -> None:
    """Show the pending approvals of an agent execution at the workflow executions above it that have not ended."""
    child = agent
    mirrored = [
        WorkflowPendingApproval(approval=item, child_agent_execution_id=agent.metadata.id)
        for item in agent.status.pending_approvals
    ]
    for _ in range(_DEEPEST):
        parent_id = child.metadata.labels.get(PARENT_LABEL, "")
        parent = unit.find(_WORKFLOW_EXECUTION, parent_id) if parent_id else None
        if parent is None:
            return
        if phases.phase_of(parent) not in phases.TERMINAL:
            _show(unit, parent, agent.metadata.id, mirrored)
        child = parent


def _show(unit: UnitOfWork, parent: Resource, agent_id: str, mirrored: list[WorkflowPendingApproval]) -> None:
    before = list(parent.status.pending_approvals)
    after = [item for item in before if item.child_agent_execution_id != agent_id] + mirrored
    if before != after:
        parent.status.ClearField("pending_approvals")
        parent.status.pending_approvals.extend(after)
        unit.save(_WORKFLOW_EXECUTION, parent)
