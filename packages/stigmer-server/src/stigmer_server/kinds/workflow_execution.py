"""WorkflowExecution: one run of a workflow, with an event log."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from stigmer_api.errors import FieldViolation
from stigmer_api.kinds import kind_by_key
from stigmer_server.executions import answers, approvals, awaited, commands, controls, events, listeners, signals
from stigmer_server.executions.context import store_context
from stigmer_server.executions.creation import execution_fields, make_pending
from stigmer_server.executions.filters import list_filtered
from stigmer_server.executions.strategy import ExecutionStrategy
from stigmer_server.reports.summaries import workflow_summary
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.default_instance import ensure_default_instance
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import Dependent, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("workflow_execution")
_WORKFLOW = kind_by_key("workflow")
_INSTANCE = kind_by_key("workflow_instance")


class WorkflowExecutionStrategy(ExecutionStrategy):
    """Resolves workflow and instance, then waits to be started."""

    kind = _KIND
    references = {"workflow_id": "workflow", "workflow_instance_id": "workflow_instance"}  # noqa: RUF012 - never written to
    queryable = frozenset({"workflow_id", "workflow_instance_id", "phase"})
    dependents = (
        Dependent("execution_context", "execution_id", WhenDeleted.TAKE),
        Dependent("artifact", "workflow_execution_id", WhenDeleted.TAKE),
    )

    def check(self, resource: Resource) -> list[FieldViolation]:
        if resource.spec.workflow_id or resource.spec.workflow_instance_id:
            return []
        return [FieldViolation("spec.workflow_id", "either workflow_id or workflow_instance_id is required")]

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        workflow = _resolve(unit, resource)
        resource.status.workflow_version_hash = workflow.status.version_hash
        store_context(unit, _KIND, resource)
        make_pending(unit, _KIND, resource)

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        return {
            **execution_fields(resource, "workflow_id", "workflow_instance_id"),
            **awaited.awaited_fields(resource),
            **listeners.subscribed_fields(resource),
        }


def _resolve(unit: UnitOfWork, execution: Resource) -> Resource:
    """Fill in whichever of workflow and instance was left out; returns the workflow."""
    spec = execution.spec
    if spec.workflow_instance_id:
        owner = unit.require(_INSTANCE, spec.workflow_instance_id).spec.workflow_id
        if spec.workflow_id and spec.workflow_id != owner:
            raise violation("spec.workflow_id", f"the instance belongs to workflow {owner}; leave workflow_id empty")
        spec.workflow_id = owner
        workflow = unit.find(_WORKFLOW, owner)
        if workflow is None:
            raise violation("spec.workflow_instance_id", f"its workflow {owner} was deleted")
        return workflow
    workflow = unit.require(_WORKFLOW, spec.workflow_id)
    known = workflow.status.default_instance_id
    spec.workflow_instance_id = ensure_default_instance(unit, workflow, _INSTANCE, "workflow_id")
    if spec.workflow_instance_id != known:
        unit.save(_WORKFLOW, workflow)
    return workflow


async def update_status(services: Services, request: Any) -> Resource:
    """Merge a report and append its events. There are no file reviews here, so none are replaced."""
    require_valid(request)
    clear = ("pending_approvals",) if request.update_pending_approvals else ()
    execution, _ = await services.controller.run(lambda unit: commands.report(unit, _KIND, request, clear))
    return execution


def subscribe_events(services: Services, request: Any) -> AsyncGenerator[bytes, None]:
    """The event log from `after_sequence` on, until the execution has ended and all its events are told."""
    return events.follow_events(_KIND, services, request)


REGISTRATION = Registration(
    _KIND,
    WorkflowExecutionStrategy(),
    unary={
        "updateStatus": update_status,
        "cancel": partial(commands.cancel, _KIND),
        "terminate": partial(commands.terminate, _KIND),
        "pause": partial(controls.pause, _KIND),
        "resume": partial(controls.resume, _KIND),
        "recover": partial(controls.recover, _KIND),
        "sendSignal": partial(signals.send_signal, _KIND),
        "submitApproval": partial(approvals.submit_in_workflow, _KIND),
        "submitWorkflowTaskApproval": partial(answers.submit_for_task, _KIND),
        "listPendingApprovals": partial(awaited.list_pending, _KIND),
        "list": partial(list_filtered, _KIND, "list"),
        "listByWorkflow": partial(list_filtered, _KIND, "listByWorkflow"),
        "getEventLog": partial(events.get_event_log, _KIND),
        "getExecutionSummary": workflow_summary,
    },
    streams={
        "subscribe": partial(commands.follow, _KIND, "execution_id"),
        "subscribeEvents": subscribe_events,
    },
)
