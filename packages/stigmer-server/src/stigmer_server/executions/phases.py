"""Phases of executions by name: both execution kinds number them differently and name them the same."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from stigmer_store import Operator, Requirement, ResourceRecord

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource

__all__ = [
    "CANCELLED",
    "COMPLETED",
    "FAILED",
    "IN_PROGRESS",
    "PENDING",
    "RUNNING",
    "TERMINAL",
    "TERMINATED",
    "UNFINISHED",
    "UNSPECIFIED",
    "may_follow",
    "phase_in",
    "phase_of",
    "record_is_terminal",
    "set_phase",
]

UNSPECIFIED = "EXECUTION_PHASE_UNSPECIFIED"
PENDING = "EXECUTION_PENDING"
IN_PROGRESS = "EXECUTION_IN_PROGRESS"
COMPLETED = "EXECUTION_COMPLETED"
FAILED = "EXECUTION_FAILED"
CANCELLED = "EXECUTION_CANCELLED"
TERMINATED = "EXECUTION_TERMINATED"
PAUSED = "EXECUTION_PAUSED"
WAITING_FOR_APPROVAL = "EXECUTION_WAITING_FOR_APPROVAL"

TERMINAL = frozenset({COMPLETED, FAILED, CANCELLED, TERMINATED})
RUNNING = (Requirement("fields", "phase", Operator.NOT_IN, tuple(sorted(TERMINAL))),)
"""What the fields of an execution meet that has not ended."""

UNFINISHED = (PENDING, IN_PROGRESS, PAUSED, WAITING_FOR_APPROVAL)


def phase_of(execution: Resource) -> str:
    """Name of the phase of an execution of either kind."""
    return phase_in(execution.status)


def phase_in(status: Any) -> str:
    """Name of the phase in a status, also in a reported one."""
    return _names(status.DESCRIPTOR)[status.phase]


@cache
def _names(status: Any) -> dict[int, str]:
    """Names of the phases by number; `status` is the descriptor of a status."""
    values = status.fields_by_name["phase"].enum_type.values_by_number
    return {number: str(value.name) for number, value in values.items()}


def set_phase(execution: Resource, phase: str) -> None:
    """Set the phase by name."""
    values = execution.status.DESCRIPTOR.fields_by_name["phase"].enum_type.values_by_name
    execution.status.phase = values[phase].number


def may_follow(old: str, new: str) -> bool:
    """Whether a report may change the phase so: terminal is terminal, and nothing goes back to PENDING."""
    return old not in TERMINAL and new not in {UNSPECIFIED, PENDING}


def record_is_terminal(record: ResourceRecord) -> bool:
    """Whether this is the last state of an execution, read from its queryable fields."""
    return record.fields.get("phase", "") in TERMINAL
