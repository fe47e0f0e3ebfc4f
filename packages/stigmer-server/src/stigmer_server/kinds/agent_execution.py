"""AgentExecution: one turn of a session. Naming only the agent makes the session."""

from __future__ import annotations

from functools import partial
from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1.enum_pb2 import ExecutionControlSignal
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1.io_pb2 import UpdateStatusResponse
from stigmer_api.errors import FieldViolation, InvalidArgument
from stigmer_api.kinds import kind_by_key
from stigmer_server.executions import approvals, attachments, commands, controls, phases
from stigmer_server.executions.context import store_context
from stigmer_server.executions.creation import execution_fields
from stigmer_server.executions.forks import inherit_instance
from stigmer_server.executions.strategy import ExecutionStrategy
from stigmer_server.executions.turns import begin_turn, next_turn
from stigmer_server.reports import summaries, usage
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.default_instance import ensure_default_instance
from stigmer_server.resources.envelope import Resource, new_resource
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import Dependent, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork
from stigmer_server.schedules import firing

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("agent_execution")
_AGENT = kind_by_key("agent")
_INSTANCE = kind_by_key("agent_instance")
_SESSION = kind_by_key("session")
_LONGEST_SUBJECT = 80


class AgentExecutionStrategy(ExecutionStrategy):
    """Resolves or makes the session, then waits to be started."""

    kind = _KIND
    references = {"session_id": "session", "agent_id": "agent"}  # noqa: RUF012 - never written to
    queryable = frozenset({"session_id", "agent_id", "phase"})
    dependents = (
        Dependent("execution_context", "execution_id", WhenDeleted.TAKE),
        Dependent("artifact", "agent_execution_id", WhenDeleted.TAKE),
    )

    def check(self, resource: Resource) -> list[FieldViolation]:
        if resource.spec.session_id or resource.spec.agent_id:
            return []
        return [FieldViolation("spec.session_id", "either session_id or agent_id is required")]

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        spec = resource.spec
        if spec.session_id:
            _take_agent_of_session(unit, resource)
        else:
            spec.session_id = _make_session(unit, resource)
        store_context(unit, _KIND, resource)
        begin_turn(unit, resource)

    def ended(self, unit: UnitOfWork, resource: Resource) -> None:
        next_turn(unit, resource)
        firing.finish(unit, resource)

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        return {**execution_fields(resource, "session_id", "agent_id"), **attachments.needed_files(resource)}


def _take_agent_of_session(unit: UnitOfWork, execution: Resource) -> None:
    spec = execution.spec
    session = unit.require(_SESSION, spec.session_id)
    instance = unit.find(_INSTANCE, session.spec.agent_instance_id)
    if instance is None:
        raise _wrong("spec.session_id", f"its AgentInstance {session.spec.agent_instance_id} was deleted")
    if spec.agent_id and spec.agent_id != instance.spec.agent_id:
        raise _wrong("spec.agent_id", f"the session belongs to agent {instance.spec.agent_id}; leave agent_id empty")
    if unit.find(_AGENT, instance.spec.agent_id) is None:
        raise _wrong("spec.session_id", f"its agent {instance.spec.agent_id} was deleted")
    spec.agent_id = instance.spec.agent_id


def _make_session(unit: UnitOfWork, execution: Resource) -> str:
    agent = unit.require(_AGENT, execution.spec.agent_id)
    known = agent.status.default_instance_id
    instance_id = ensure_default_instance(unit, agent, _INSTANCE, "agent_id")
    if instance_id != known:
        unit.save(_AGENT, agent)
    session = new_resource(_SESSION)
    session.spec.CopyFrom(execution.spec.session_spec)
    inherit_instance(unit, session)
    session.spec.agent_instance_id = session.spec.agent_instance_id or instance_id
    session.spec.subject = session.spec.subject or _subject(execution.spec.message)
    session.metadata.org = execution.metadata.org
    session.metadata.visibility = execution.metadata.visibility
    return unit.create(_SESSION, session).metadata.id


def _subject(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _LONGEST_SUBJECT else f"{line[: _LONGEST_SUBJECT - 1]}…"


def _wrong(field: str, description: str) -> InvalidArgument:
    return InvalidArgument(f"{field}: {description}", violations=[FieldViolation(field, description)])


async def update_status(services: Services, request: Any) -> UpdateStatusResponse:
    """Merge a report; the answer tells the runner to hold when a pause is wanted, and to stop when it was ended."""
    require_valid(request)
    clear = ("pending_approvals",) if _says_what_is_pending(request.status) else ()
    execution, news = await services.controller.run(lambda unit: commands.report(unit, _KIND, request, clear=clear))
    phase = phases.phase_of(execution)
    if phase not in phases.TERMINAL and execution.status.pause_requested:
        return UpdateStatusResponse(signal=ExecutionControlSignal.EXECUTION_CONTROL_SIGNAL_PAUSE)
    if news or phase not in {phases.CANCELLED, phases.TERMINATED}:
        return UpdateStatusResponse()
    return UpdateStatusResponse(
        signal=ExecutionControlSignal.EXECUTION_CONTROL_SIGNAL_STOP, signal_reason=execution.status.error
    )


def _says_what_is_pending(status: Any) -> bool:
    """Whether a report names everything that is pending, perhaps nothing. One of a pause knows nothing about it."""
    return phases.phase_in(status) not in {phases.UNSPECIFIED, phases.WAITING_FOR_APPROVAL, phases.PAUSED}


REGISTRATION = Registration(
    _KIND,
    AgentExecutionStrategy(),
    unary={
        "create": attachments.create_execution,
        "getArtifactContent": attachments.get_artifact_content,
        "updateStatus": update_status,
        "getExecutionSummary": summaries.agent_summary,
        "getExecutionUsageReport": usage.execution_report,
        "getSessionUsageReport": usage.session_report,
        "getAgentUsageReport": usage.agent_report,
        "uploadAttachment": attachments.upload_attachment,
        "cancel": partial(commands.cancel, _KIND),
        "terminate": partial(commands.terminate, _KIND),
        "pause": partial(controls.pause, _KIND),
        "resume": partial(controls.resume, _KIND),
        "recover": partial(controls.recover, _KIND),
        "submitApproval": partial(approvals.submit, _KIND),
    },
    streams={"subscribe": partial(commands.follow, _KIND, "value")},
)
