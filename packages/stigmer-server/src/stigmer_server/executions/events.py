"""The event log of an execution: read by page, or followed to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.io_pb2 import (
    GetEventLogResponse,
    WorkflowExecutionEvent,
)
from stigmer_api.errors import NotFound
from stigmer_api.kinds import Kind
from stigmer_server.executions import phases
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import from_record
from stigmer_server.watch.broker import deleted, stopping
from stigmer_store import EventRecord, Operation, Repository, ResourceRecord

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services

__all__ = ["follow_events", "get_event_log"]

_DEFAULT_PAGE = 100
_LARGEST_PAGE = 1000
_LARGEST_SEQUENCE = 2**63 - 1
"""Of the store; the wire has one bit more."""


async def get_event_log(kind: Kind, services: Services, request: Any) -> GetEventLogResponse:
    """Events after `after_sequence`: at most page_size (0: 100; at most 1000), filtered by type and task."""
    require_valid(request)
    record = await _execution(kind, services.repository, request.execution_id)
    size = min(max(request.page_size, 0) or _DEFAULT_PAGE, _LARGEST_PAGE)
    found: list[WorkflowExecutionEvent] = []
    after, latest = _after(request), 0
    while len(found) <= size:
        batch = await services.repository.events(request.execution_id, after, _LARGEST_PAGE)
        if not batch:
            break
        after = latest = batch[-1].sequence  # events may have come since the execution was read
        found += [event for event in map(_event, batch) if _is_wanted(event, request)]
    return GetEventLogResponse(
        events=found[:size],
        has_more=len(found) > size,
        latest_sequence=max(latest, from_record(record).status.last_event_sequence),
    )


async def follow_events(kind: Kind, services: Services, request: Any) -> AsyncGenerator[bytes, None]:
    """Every event after `after_sequence`, in order and once, until the execution has ended. Nothing is coalesced."""
    require_valid(request)
    after = _after(request)
    broker = services.broker
    with broker.subscribed(kind, request.execution_id, "events") as subscription:
        record = await _execution(kind, services.repository, request.execution_id)
        while True:
            while batch := await broker.event_log.after(request.execution_id, after, record.revision):
                for item in batch:
                    if not request.event_types or _is_wanted(_event(item), request):
                        yield _told(item)
                        broker.count_delivery(subscription.published_at)
                    after = item.sequence
            if phases.record_is_terminal(record):
                return
            change = await subscription.take(record.revision)
            if change is None and subscription.lost and not subscription.closed:
                subscription.lost = False
                record = await _execution(kind, services.repository, request.execution_id)
                continue
            if change is None:
                raise stopping(record.revision)
            if change.operation is Operation.DELETED:
                raise deleted(kind, request.execution_id, change.revision)
            record = change.record


async def _execution(kind: Kind, repository: Repository, execution_id: str) -> ResourceRecord:
    record = await repository.get(kind.key, execution_id)
    if record is None:
        raise NotFound(f"{kind.name} {execution_id} does not exist", metadata={"name": execution_id})
    return record


def _after(request: Any) -> int:
    return min(int(request.after_sequence), _LARGEST_SEQUENCE)


def _told(item: EventRecord) -> bytes:
    """The event as stored, with its place behind it: protobuf takes the last value of a field that occurs twice."""
    return item.body + WorkflowExecutionEvent(sequence_number=item.sequence).SerializeToString()


def _event(item: EventRecord) -> WorkflowExecutionEvent:
    event = WorkflowExecutionEvent.FromString(item.body)
    event.sequence_number = item.sequence
    return event


def _is_wanted(event: WorkflowExecutionEvent, request: Any) -> bool:
    if request.event_types and event.event_type not in request.event_types:
        return False
    task = getattr(request, "task_name", "")
    return not task or event.task_name == task
