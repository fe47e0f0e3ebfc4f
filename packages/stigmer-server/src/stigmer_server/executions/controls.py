"""Pause, resume and recover: what a user asks of an execution, recorded in its status and delivered through the outbox.

Asking for what already holds changes nothing. What is impossible in the present phase is refused with what is possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stigmer_api.errors import FailedPrecondition
from stigmer_api.kinds import Kind
from stigmer_api.temporal import SET_PAUSED, PauseState, first_sequence
from stigmer_server.executions import phases
from stigmer_server.executions.context import store_context
from stigmer_server.executions.outbox import enqueue_recover, enqueue_signal
from stigmer_server.executions.turns import refuse_if_busy
from stigmer_server.resources.controller import require_valid

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.registry import Services
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["impossible", "pause", "recover", "resume"]

_RECOVERABLE = frozenset({phases.FAILED, phases.TERMINATED})
_OF_THE_LAST_RUN = (
    "tasks",
    "output",
    "output_json",
    "error",
    "started_at",
    "completed_at",
    "pending_approvals",
    "temporal_workflow_id",
    "pause_requested",
)


async def pause(kind: Kind, services: Services, request: Any) -> Resource:
    """Have an execution hold at its next safe point. It is PAUSED once its runner says so."""
    return await _set_paused(kind, services, request, paused=True, reason=request.reason)


async def resume(kind: Kind, services: Services, request: Any) -> Resource:
    """Let a paused execution go on."""
    return await _set_paused(kind, services, request, paused=False, reason="")


async def _set_paused(kind: Kind, services: Services, request: Any, *, paused: bool, reason: str) -> Resource:
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        execution = unit.require(kind, request.id)
        if phases.phase_of(execution) in phases.TERMINAL:
            raise impossible(kind, execution)
        if execution.status.pause_requested == paused:
            return execution
        execution.status.pause_requested = paused
        state = PauseState(paused, unit.tx.revision(), reason)
        enqueue_signal(unit, kind, execution, SET_PAUSED, state)
        unit.save(kind, execution)
        return execution

    return await services.controller.run(work)


async def recover(kind: Kind, services: Services, request: Any) -> Resource:
    """Start an execution again that FAILED or was TERMINATED; it is PENDING once more when this returns.

    A workflow starts from its first task; an agent goes on from the last step that it saved.
    """
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        execution = unit.require(kind, request.id)
        status = execution.status
        phase = phases.phase_of(execution)
        if phase not in _RECOVERABLE:
            if phase not in phases.TERMINAL and status.recoveries:
                return execution  # it was recovered already
            raise impossible(kind, execution)
        if kind.key == "agent_execution":
            refuse_if_busy(unit, execution)
        for name in _OF_THE_LAST_RUN:
            if name in status.DESCRIPTOR.fields_by_name:
                status.ClearField(name)
        status.recoveries += 1
        status.sequence = max(status.sequence, first_sequence(status.recoveries))  # what the last run says is old
        phases.set_phase(execution, phases.PENDING)
        store_context(unit, kind, execution)
        enqueue_recover(unit, kind, execution)
        unit.save(kind, execution)
        return execution

    return await services.controller.run(work)


def impossible(kind: Kind, execution: Resource) -> FailedPrecondition:
    """Why the present phase of an execution forbids what was asked, and what it allows."""
    phase = phases.phase_of(execution)
    possible = _possible(phase)
    word = phase.removeprefix("EXECUTION_").replace("_", " ").lower()
    state = f"has ended: it is {word}" if phase in phases.TERMINAL else f"is {word}"
    return FailedPrecondition(
        f"{kind.name} {execution.metadata.id} {state}. Possible now: {', '.join(possible)}",
        reason="EXECUTION_ENDED" if phase in phases.TERMINAL else "EXECUTION_UNFINISHED",
        metadata={"id": execution.metadata.id, "phase": phase, "possible": ",".join(possible)},
    )


def _possible(phase: str) -> tuple[str, ...]:
    if phase in _RECOVERABLE:
        return ("recover", "delete")
    if phase in phases.TERMINAL:
        return ("delete",)
    return ("resume" if phase == phases.PAUSED else "pause", "cancel", "terminate")
