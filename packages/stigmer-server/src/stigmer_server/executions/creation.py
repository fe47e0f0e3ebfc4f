"""What both execution kinds do when one is created or updated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stigmer_api.kinds import Kind
from stigmer_server.executions import phases
from stigmer_server.executions.outbox import enqueue_start
from stigmer_server.resources.envelope import copy_of, new_resource
from stigmer_server.resources.listing import tag_field
from stigmer_server.resources.metadata import violation

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["execution_field_value", "execution_fields", "keep_spec", "make_pending"]


def make_pending(unit: UnitOfWork, kind: Kind, execution: Resource) -> None:
    """Give a new execution its first phase and have it started, in the same transaction."""
    phases.set_phase(execution, phases.PENDING)
    enqueue_start(unit, kind, execution)


def keep_spec(stored: Resource, execution: Resource) -> None:
    """The spec of an execution is what was asked for: an update may repeat it, not change it."""
    given, kept = execution.spec, copy_of(stored.spec)
    for field, value in given.ListFields():
        if value != getattr(stored.spec, field.name):
            raise violation(f"spec.{field.name}", "cannot change once the execution exists; create another execution")
    given.CopyFrom(kept)


def execution_field_value(kind: Kind, name: str, text: str) -> str:
    """What a selector means: a phase may be written without its prefix and in lower case."""
    if name != "phase":
        return text
    status: Any = new_resource(kind).status
    values = status.DESCRIPTOR.fields_by_name["phase"].enum_type.values
    known = [value.name for value in values if value.number]
    phase = f"EXECUTION_{text.upper().removeprefix('EXECUTION_')}"
    if phase not in known:
        listed = ", ".join(name.removeprefix("EXECUTION_") for name in known)
        raise violation("field_selector", f"{text!r} is no phase of an {kind.name}; phases are {listed}")
    return phase


def execution_fields(execution: Resource, *names: str) -> dict[str, str]:
    """Queryable values of an execution: its phase, the given fields of its spec, and its tags."""
    values = {name: getattr(execution.spec, name) for name in names}
    values["phase"] = phases.phase_of(execution)
    for tag in execution.metadata.tags[:]:
        values[tag_field(tag)] = "true"
    return values
