"""RPCs of running executions that both kinds share: updateStatus, cancel, terminate, subscribe."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from stigmer_api.kinds import Kind
from stigmer_server.executions import phases
from stigmer_server.executions.controls import impossible
from stigmer_server.executions.merge import is_news, merge_status
from stigmer_server.executions.outbox import enqueue_cancel, enqueue_terminate, save_execution
from stigmer_server.executions.settle import settle
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.metadata import violation

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.registry import Services
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["cancel", "end", "follow", "report", "terminate"]


def report(unit: UnitOfWork, kind: Kind, request: Any, clear: Iterable[str] = ()) -> tuple[Resource, bool]:
    """Merge one updateStatus request: the execution after it, and whether it brought news.

    Raises NotFound for an unknown execution.
    """
    execution = unit.require(kind, request.execution_id)
    was = phases.phase_of(execution)
    if not is_news(execution, was, request.sequence):
        return execution, False
    merge_status(execution, request.status, was=was, sequence=request.sequence, now=unit.now, clear=clear)
    reported = getattr(request, "events", ())
    if reported:
        events = [(event.event_id, event.SerializeToString()) for event in reported]
        unit.tx.append_events(request.execution_id, events)
        execution.status.last_event_sequence = unit.tx.next_event_sequence(request.execution_id) - 1
    save_execution(unit, kind, execution, was=was)
    return execution, True


async def cancel(kind: Kind, services: Services, request: Any) -> Resource:
    """Ask a running execution to stop by itself. Asking again, or after it was cancelled, is no error."""
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        execution = unit.require(kind, request.id)
        if not _is_over(kind, execution, phases.CANCELLED):
            enqueue_cancel(unit, kind, execution, request.reason)
        return execution

    return await services.controller.run(work)


async def terminate(kind: Kind, services: Services, request: Any) -> Resource:
    """End a running execution at once: it is TERMINATED when this returns; the dispatcher ends its workflow."""
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        execution = unit.require(kind, request.id)
        if _is_over(kind, execution, phases.TERMINATED):
            return execution
        return end(unit, kind, execution, request.reason or "terminated by request")

    return await services.controller.run(work)


async def follow(kind: Kind, field: str, services: Services, request: Any) -> AsyncGenerator[bytes, None]:
    """The state of an execution and each newer one until it is terminal; `field` of the request has its id.

    A state that is not newer than `from_revision` is not told again.
    """
    require_valid(request)
    execution_id = getattr(request, field)
    if not execution_id:
        raise violation(field, f"the id of the {kind.name} is required")
    states_after = services.broker.follow(kind, execution_id, phases.record_is_terminal, request.from_revision)
    async with aclosing(states_after) as states:
        async for record in states:
            yield record.body


def end(unit: UnitOfWork, kind: Kind, execution: Resource, reason: str) -> Resource:
    """Make a running execution TERMINATED, and have its workflow ended."""
    enqueue_terminate(unit, kind, execution, reason)
    return settle(unit, kind, execution.metadata.id, phases.TERMINATED, reason) or execution


def _is_over(kind: Kind, execution: Resource, wanted: str) -> bool:
    """Whether the execution has ended as wanted; raises FailedPrecondition when it has ended otherwise."""
    phase = phases.phase_of(execution)
    if phase in phases.TERMINAL and phase != wanted:
        raise impossible(kind, execution)
    return phase == wanted
