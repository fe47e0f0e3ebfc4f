"""What a running workflow is given from outside: signals, and answers to tasks that wait for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.enum_pb2 import WorkflowTaskStatus
from stigmer_api.errors import FailedPrecondition, Unimplemented
from stigmer_api.kinds import Kind
from stigmer_server.executions import phases
from stigmer_server.executions.controls import impossible
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, from_record

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services

__all__ = ["send_signal", "submit_for_task"]


async def submit_for_task(kind: Kind, services: Services, request: Any) -> Resource:
    """Answer a task of a workflow that waits for a person."""
    execution = await _running(kind, services, request, request.execution_id)
    pending = [
        task.task_name
        for task in execution.status.tasks
        if task.status == WorkflowTaskStatus.WORKFLOW_TASK_WAITING_APPROVAL
    ]
    if request.task_name in pending:
        raise Unimplemented("the runners of this version take no answers to approvals", reason="NOT_IMPLEMENTED")
    waiting = f"waits for an answer to {', '.join(pending)}" if pending else "waits for no answer"
    raise FailedPrecondition(
        f"the task {request.task_name!r} awaits no approval: {kind.name} {execution.metadata.id} {waiting}",
        reason="APPROVAL_NOT_PENDING",
        metadata={"id": execution.metadata.id, "pending": ",".join(pending[:20])},
    )


async def send_signal(kind: Kind, services: Services, request: Any) -> Resource:
    """Give a running workflow a named signal: no task of this version waits for one."""
    await _running(kind, services, request, request.execution_id)
    raise Unimplemented("no task of this version waits for signals, so none is taken", reason="NOT_IMPLEMENTED")


async def _running(kind: Kind, services: Services, request: Any, execution_id: str) -> Resource:
    require_valid(request)
    record = await services.repository.get(kind.key, execution_id)
    if record is None:
        raise await services.controller.missing(kind, execution_id, "")
    execution = from_record(record)
    if phases.phase_of(execution) in phases.TERMINAL:
        raise impossible(kind, execution)
    return execution
