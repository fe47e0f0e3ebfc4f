"""Ending an execution from the server's side: terminated by a user, or lost by Temporal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_api.kinds import Kind
from stigmer_server.executions import phases
from stigmer_server.executions.outbox import save_execution
from stigmer_server.executions.times import rfc3339

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["settle"]


def settle(unit: UnitOfWork, kind: Kind, execution_id: str, phase: str, reason: str) -> Resource | None:
    """Give an unfinished execution its terminal phase with a reason; None when it is gone or has ended by itself."""
    execution = unit.find(kind, execution_id)
    if execution is None:
        return None
    was = phases.phase_of(execution)
    if was in phases.TERMINAL:
        return None
    phases.set_phase(execution, phase)
    execution.status.error = reason
    execution.status.completed_at = rfc3339(unit.now)
    save_execution(unit, kind, execution, was=was)
    return execution
