"""What an execution leaves in the outbox: topics, payloads, and when the parent is told."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from stigmer_api.kinds import Kind
from stigmer_server.executions import phases
from stigmer_server.executions.context import drop_context
from stigmer_server.executions.decisions import follow_pending
from stigmer_server.executions.mirroring import mirror_pending

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = [
    "CANCEL",
    "CHILD_FINISHED",
    "RECOVER",
    "SIGNAL",
    "START",
    "TERMINATE",
    "enqueue_cancel",
    "enqueue_recover",
    "enqueue_signal",
    "enqueue_start",
    "enqueue_terminate",
    "save_execution",
]

START = "start-execution"
"""Start the Temporal workflow of the execution `key`; payload: kind key."""

RECOVER = "recover-execution"
"""Start a new Temporal run of the execution `key`; payload: kind key, newline, number of the recovery."""

SIGNAL = "signal-execution"
"""Signal the Temporal workflow of the execution `key`; payload: JSON of kind, signal and argument."""

CANCEL = "cancel-execution"
"""Ask the Temporal workflow to cancel; payload: kind key, newline, reason."""

TERMINATE = "terminate-execution"
"""Terminate the Temporal workflow; payload: kind key, newline, reason."""

CHILD_FINISHED = "child-finished"
"""Tell the workflow that waits for the execution `key`; payload: its callback token."""


def enqueue_start(unit: UnitOfWork, kind: Kind, execution: Resource) -> None:
    """Have the execution started."""
    unit.enqueue(START, execution.metadata.id, kind.key.encode())


def enqueue_recover(unit: UnitOfWork, kind: Kind, execution: Resource) -> None:
    """Have an execution that has ended started again."""
    unit.enqueue(RECOVER, execution.metadata.id, f"{kind.key}\n{execution.status.recoveries}".encode())


def enqueue_signal(unit: UnitOfWork, kind: Kind, execution: Resource, signal: str, argument: DataclassInstance) -> None:
    """Have the execution's workflow signalled, after it was started."""
    payload = {"kind": kind.key, "signal": signal, "argument": asdict(argument)}
    unit.enqueue(SIGNAL, execution.metadata.id, json.dumps(payload).encode())


def enqueue_cancel(unit: UnitOfWork, kind: Kind, execution: Resource, reason: str) -> None:
    """Have the execution asked to cancel."""
    unit.enqueue(CANCEL, execution.metadata.id, f"{kind.key}\n{reason}".encode())


def enqueue_terminate(unit: UnitOfWork, kind: Kind, execution: Resource, reason: str) -> None:
    """Have the execution's workflow terminated."""
    unit.enqueue(TERMINATE, execution.metadata.id, f"{kind.key}\n{reason}".encode())


def save_execution(unit: UnitOfWork, kind: Kind, execution: Resource, *, was: str) -> None:
    """Save a changed execution; when it became terminal just now, whoever waits for it is told.

    `was`: its phase before the change. What an agent waits for is recorded, and shown at the workflows above it.
    """
    over = phases.phase_of(execution) in phases.TERMINAL
    if over:
        execution.status.pause_requested = False
        execution.status.ClearField("pending_approvals")
    if kind.key == "agent_execution" and follow_pending(execution, unit.now):
        mirror_pending(unit, execution)
    unit.save(kind, execution)
    if was in phases.TERMINAL or not over:
        return
    drop_context(unit, execution)
    if execution.spec.callback_token:
        unit.enqueue(CHILD_FINISHED, execution.metadata.id, execution.spec.callback_token)
    unit.ended(kind, execution)
