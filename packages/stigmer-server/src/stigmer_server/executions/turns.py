"""One turn of a session at a time: an agent execution starts when every earlier one of its session has ended.

A turn may wait for a person for days; another one in between would break the conversation. Queued executions are
PENDING and unknown to Temporal, so they cost nothing and can be cancelled like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_api.errors import FailedPrecondition
from stigmer_api.kinds import kind_by_key
from stigmer_server.executions import phases
from stigmer_server.executions.outbox import enqueue_start
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork
    from stigmer_store import ResourceRecord

__all__ = ["begin_turn", "next_turn", "refuse_if_busy"]

_KIND = kind_by_key("agent_execution")
_QUEUED = "queued:"


def begin_turn(unit: UnitOfWork, execution: Resource) -> None:
    """Make a new execution PENDING and have it started, or queue it behind the turns before it."""
    phases.set_phase(execution, phases.PENDING)
    before = _unfinished(unit, execution)
    if before:
        execution.status.setup_progress.current_phase = f"{_QUEUED} waits for {before[-1].id} of the same session"
    else:
        enqueue_start(unit, _KIND, execution)


def next_turn(unit: UnitOfWork, ended: Resource) -> None:
    """Have the oldest queued turn of the session started, when nothing of it is under way any more."""
    waiting = _unfinished(unit, ended)
    execution = unit.find(_KIND, waiting[0].id) if waiting else None
    if execution is None or not execution.status.setup_progress.current_phase.startswith(_QUEUED):
        return  # nothing is queued, or what is next was started already
    execution.status.ClearField("setup_progress")
    enqueue_start(unit, _KIND, execution)
    unit.save(_KIND, execution)


def refuse_if_busy(unit: UnitOfWork, execution: Resource) -> None:
    """Raise FailedPrecondition when another turn of the session is queued or under way."""
    others = _unfinished(unit, execution)
    if others:
        raise FailedPrecondition(
            f"the session of {execution.metadata.id} is busy with {others[0].id}: recover it when that has ended",
            reason="SESSION_BUSY",
            metadata={"id": execution.metadata.id, "busy_with": others[0].id},
        )


def _unfinished(unit: UnitOfWork, execution: Resource) -> list[ResourceRecord]:
    """The other executions of the session that have not ended, oldest first."""
    query = ListQuery(
        kinds=(_KIND.key,), fields={"session_id": execution.spec.session_id}, requirements=phases.RUNNING, counted=False
    )
    records = unit.tx.list(query).items
    return [record for record in records if record.id != execution.metadata.id]
