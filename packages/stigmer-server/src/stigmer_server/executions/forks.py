"""Sessions that begin as a copy of another one: what is settled when one is created, so that it never changes.

Conversation and files are the agent runner's; it copies them before the first turn of the new session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_api.errors import FailedPrecondition
from stigmer_api.kinds import kind_by_key
from stigmer_server.executions import phases
from stigmer_server.resources.metadata import violation
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["check_fork", "inherit_instance", "keep_fork"]

_SESSION = kind_by_key("session")
_EXECUTION = kind_by_key("agent_execution")
_FIELDS = ("fork_of_session_id", "fork_at_execution_id")


def inherit_instance(unit: UnitOfWork, session: Resource) -> None:
    """A copy is of the same agent instance as its original."""
    spec = session.spec
    if spec.fork_of_session_id and not spec.agent_instance_id:
        spec.agent_instance_id = unit.require(_SESSION, spec.fork_of_session_id).spec.agent_instance_id


def check_fork(unit: UnitOfWork, session: Resource) -> None:
    """Settle where a new session parts from its original. Raises InvalidArgument or FailedPrecondition."""
    spec = session.spec
    if not spec.fork_of_session_id:
        if spec.fork_at_execution_id:
            raise violation("spec.fork_at_execution_id", "needs spec.fork_of_session_id, the session to copy")
        return
    original = unit.require(_SESSION, spec.fork_of_session_id)
    if original.spec.agent_instance_id != spec.agent_instance_id:
        raise violation(
            "spec.agent_instance_id",
            f"must be that of the session it is a copy of, {original.spec.agent_instance_id}",
        )
    spec.fork_at_execution_id = spec.fork_at_execution_id or _last_completed(unit, original)
    execution = unit.require(_EXECUTION, spec.fork_at_execution_id)
    if execution.spec.session_id != original.metadata.id:
        raise violation("spec.fork_at_execution_id", f"is no execution of session {original.metadata.id}")
    if phases.phase_of(execution) != phases.COMPLETED:
        raise _nothing_to_copy(original, f"{execution.metadata.id} is not COMPLETED")


def keep_fork(stored: Resource, session: Resource) -> None:
    """Refuse to change what a session is a copy of; an update may leave it out."""
    for field in _FIELDS:
        before, now = getattr(stored.spec, field), getattr(session.spec, field)
        if now and now != before:
            raise violation(f"spec.{field}", "cannot change once the session exists; create another session")
        setattr(session.spec, field, before)


def _last_completed(unit: UnitOfWork, original: Resource) -> str:
    query = ListQuery(
        kinds=(_EXECUTION.key,),
        fields={"session_id": original.metadata.id, "phase": phases.COMPLETED},
        page_size=1,
        newest_first=True,
        counted=False,
    )
    found = unit.tx.list(query).items
    if not found:
        raise _nothing_to_copy(original, "none of its executions is COMPLETED")
    return found[0].id


def _nothing_to_copy(original: Resource, why: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"session {original.metadata.id} cannot be forked there: {why}; fork after a turn that has ended",
        reason="NOTHING_TO_FORK",
        metadata={"id": original.metadata.id},
    )
