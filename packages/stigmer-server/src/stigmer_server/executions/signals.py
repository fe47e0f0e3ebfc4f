"""Named signals for a running workflow: recorded in its event log, and delivered through the outbox once in effect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict
from ulid import ULID

from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.enum_pb2 import WorkflowEventType
from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.io_pb2 import WorkflowExecutionEvent
from stigmer_api.dsl.normaliser import whole_numbers
from stigmer_api.errors import InvalidArgument
from stigmer_api.kinds import Kind
from stigmer_api.temporal import SIGNAL_RECEIVED, SignalReceived
from stigmer_server.executions import phases
from stigmer_server.executions.controls import impossible
from stigmer_server.executions.outbox import enqueue_signal
from stigmer_server.executions.times import rfc3339
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.metadata import violation

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.registry import Services
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["LARGEST_PAYLOAD", "PUBLISHED", "content_of", "deliver", "record_event", "running", "send_signal"]

LARGEST_PAYLOAD = 256 * 1024
"""Bytes of a signal's payload as JSON: a run keeps many of them and hands them on."""

PUBLISHED = "event/"
"""What the ids of deliveries of published events begin with."""

_LONGEST_KEY = 255
_LONGEST_NAME = 255
_SHOWN = 8 * 1024
"""Characters of a payload that the event log shows."""


async def send_signal(kind: Kind, services: Services, request: Any) -> Resource:
    """Give an unfinished workflow execution a named signal. A repeated idempotency key changes nothing.

    It is kept while the execution is PENDING or PAUSED, while Temporal is away, and until a task listens for it.
    """
    require_valid(request)
    for field, longest in (("signal_name", _LONGEST_NAME), ("idempotency_key", _LONGEST_KEY)):
        if len(getattr(request, field)) > longest:
            raise violation(field, f"must have at most {longest} characters")
    if request.idempotency_key.startswith(PUBLISHED):
        raise violation("idempotency_key", f"must not begin with {PUBLISHED!r}: published events have such keys")
    payload = content_of(request.payload, "payload")
    if len(json.dumps(payload).encode()) > LARGEST_PAYLOAD:
        raise InvalidArgument(
            f"payload: must have at most {LARGEST_PAYLOAD} bytes as JSON: store the data and send where it is",
            reason="PAYLOAD_TOO_LARGE",
        )
    signal = SignalReceived(request.idempotency_key or str(ULID()).lower(), request.signal_name, payload)

    def work(unit: UnitOfWork) -> Resource:
        execution = unit.require(kind, request.execution_id)
        news = deliver(unit, kind, execution, signal)
        if news and phases.phase_of(execution) in phases.TERMINAL:
            raise impossible(kind, execution)  # which takes the signal back; one that was taken before stays so
        return execution

    return await services.controller.run(work)


def content_of(struct: Any, field: str) -> Any:
    """A Struct as JSON, with whole numbers as integers. Raises InvalidArgument when it holds what JSON cannot."""
    try:
        return whole_numbers(MessageToDict(struct))
    except ValueError as error:
        raise violation(field, f"is no JSON: {error}") from error


def running(unit: UnitOfWork, kind: Kind, execution_id: str) -> Resource:
    """The execution; raises NotFound, and FailedPrecondition when it has ended."""
    execution = unit.require(kind, execution_id)
    if phases.phase_of(execution) in phases.TERMINAL:
        raise impossible(kind, execution)
    return execution


def deliver(unit: UnitOfWork, kind: Kind, execution: Resource, signal: SignalReceived) -> bool:
    """Record a signal and have it delivered; False when one with its id was recorded before.

    A recovered execution begins anew: it takes signals that its earlier run had.
    """
    recovery = f"/recovery-{execution.status.recoveries}" if execution.status.recoveries else ""
    event = WorkflowExecutionEvent(
        event_id=f"signal/{signal.id}{recovery}",
        event_type=WorkflowEventType.signal_received,
        occurred_at=rfc3339(unit.now),
    )
    event.signal_received.signal_name = signal.name
    shown = signal.payload if len(json.dumps(signal.payload)) <= _SHOWN else {"omitted": "the payload is large"}
    event.signal_received.payload_summary.update(shown)
    if not record_event(unit, kind, execution, event):
        return False
    enqueue_signal(unit, kind, execution, SIGNAL_RECEIVED, signal)
    return True


def record_event(unit: UnitOfWork, kind: Kind, execution: Resource, event: WorkflowExecutionEvent) -> bool:
    """Append an event to the log of an execution and save it; False when the log has one with its id."""
    execution_id = execution.metadata.id
    if not unit.tx.append_events(execution_id, [(event.event_id, event.SerializeToString())]):
        return False
    execution.status.last_event_sequence = unit.tx.next_event_sequence(execution_id) - 1
    unit.save(kind, execution)
    return True
