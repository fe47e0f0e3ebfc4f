"""What an execution leaves in the outbox: topics, payloads, and when the parent is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_api.kinds import Kind, kind_by_key
from stigmer_server.executions import phases

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = [
    "CANCEL",
    "CHILD_FINISHED",
    "START",
    "TERMINATE",
    "enqueue_cancel",
    "enqueue_start",
    "enqueue_terminate",
    "save_execution",
]

START = "start-execution"
"""Start the Temporal workflow of the execution `key`; payload: kind key."""

CANCEL = "cancel-execution"
"""Ask the Temporal workflow to cancel; payload: kind key, newline, reason."""

TERMINATE = "terminate-execution"
"""Terminate the Temporal workflow; payload: kind key, newline, reason."""

CHILD_FINISHED = "child-finished"
"""Tell the workflow that waits for the execution `key`; payload: its callback token."""


def enqueue_start(unit: UnitOfWork, kind: Kind, execution: Resource) -> None:
    """Have the execution started."""
    unit.enqueue(START, execution.metadata.id, kind.key.encode())


def enqueue_cancel(unit: UnitOfWork, kind: Kind, execution: Resource, reason: str) -> None:
    """Have the execution asked to cancel."""
    unit.enqueue(CANCEL, execution.metadata.id, f"{kind.key}\n{reason}".encode())


def enqueue_terminate(unit: UnitOfWork, kind: Kind, execution: Resource, reason: str) -> None:
    """Have the execution's workflow terminated."""
    unit.enqueue(TERMINATE, execution.metadata.id, f"{kind.key}\n{reason}".encode())


def save_execution(unit: UnitOfWork, kind: Kind, execution: Resource, *, was: str) -> None:
    """Save a changed execution; when it became terminal just now, whoever waits for it is told.

    `was`: its phase before the change.
    """
    unit.save(kind_by_key(kind.key), execution)
    if was in phases.TERMINAL or phases.phase_of(execution) not in phases.TERMINAL:
        return
    if execution.spec.callback_token:
        unit.enqueue(CHILD_FINISHED, execution.metadata.id, execution.spec.callback_token)
    unit.ended(kind, execution)
