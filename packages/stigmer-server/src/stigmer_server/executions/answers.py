"""Answers of people to tasks of a workflow that wait for them: checked, recorded, and passed on once."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema_rs
from google.protobuf.struct_pb2 import Struct

from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.enum_pb2 import WorkflowEventType, WorkflowTaskStatus
from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.io_pb2 import PendingApproval, WorkflowExecutionEvent
from stigmer_api._pb.stigmer.runtime.v1.human_pb2 import HumanAnswer
from stigmer_api.dsl.schemas import SchemaInvalidError, checked
from stigmer_api.errors import FailedPrecondition, FieldViolation, InvalidArgument, PermissionDenied
from stigmer_api.kinds import Kind
from stigmer_api.temporal import TASK_ANSWERED, TaskAnswered
from stigmer_server.executions.outbox import enqueue_signal
from stigmer_server.executions.signals import LARGEST_PAYLOAD, content_of, record_event, running
from stigmer_server.executions.times import moment_of, rfc3339
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.metadata import ACTOR, violation

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.registry import Services
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["describe_question", "submit_for_task", "waiting_tasks"]

_MAX_ERRORS = 20


def waiting_tasks(execution: Resource) -> list[Any]:
    """The tasks of an execution that wait for a person and have no answer yet."""
    waiting = WorkflowTaskStatus.WORKFLOW_TASK_WAITING_APPROVAL
    return [
        task
        for task in getattr(execution.status, "tasks", ())
        if task.status == waiting and not task.HasField("human_answer")
    ]


def describe_question(entry: PendingApproval, task: Any) -> None:
    """Fill in what a task asks: its form, its time limit, and how to show it."""
    entry.task_name, entry.ui_hint = task.task_name, task.ui_hint
    request = task.human_request
    with suppress(SchemaInvalidError, OverflowError):  # whoever answers is told; a Struct holds no number above 1e308
        schema, form = _form_schema(request), Struct()
        form.update(schema if isinstance(schema, dict) else {})
        entry.form_schema.CopyFrom(form)
    limit = moment_of(request.timeout_at)
    if limit is not None:
        entry.timeout_at.FromDatetime(limit)


async def submit_for_task(kind: Kind, services: Services, request: Any) -> Resource:
    """Answer a task that waits for a person. The same answer again changes nothing; another one is refused."""
    require_valid(request)
    form = content_of(request.form_data, "form_data")
    if len(json.dumps(form).encode()) > LARGEST_PAYLOAD:
        raise violation("form_data", f"must have at most {LARGEST_PAYLOAD} bytes as JSON")

    def work(unit: UnitOfWork) -> Resource:
        execution = running(unit, kind, request.execution_id)
        task = _asked(kind, execution, request)
        answer = HumanAnswer(
            request_id=task.human_request.id,
            outcome=request.outcome,
            form_json=json.dumps(form, sort_keys=True),
            comment=request.comment,
            reviewer=request.reviewer or ACTOR,
            answered_at=rfc3339(unit.now),
        )
        if task.HasField("human_answer"):
            _refuse_another(task, answer)
            return execution
        _refuse_late(unit, task)
        _check(task.human_request, answer, form)
        task.human_answer.CopyFrom(answer)
        record_event(unit, kind, execution, _resolved(unit, task, answer))
        enqueue_signal(unit, kind, execution, TASK_ANSWERED, _told(task, answer, form))
        return execution

    return await services.controller.run(work)


def _asked(kind: Kind, execution: Resource, request: Any) -> Any:
    """The waiting task with this name or id, answered or not."""
    waiting = WorkflowTaskStatus.WORKFLOW_TASK_WAITING_APPROVAL
    tasks = [task for task in execution.status.tasks if task.status == waiting and task.human_request.id]
    named = [task for task in tasks if request.task_name in (task.task_id, task.task_name)]
    unanswered = [task for task in named if not task.HasField("human_answer")]
    if len(unanswered) > 1:
        ids = ", ".join(task.task_id for task in unanswered)
        raise FailedPrecondition(
            f"several tasks {request.task_name!r} wait for an answer: give one of their ids as task_name: {ids}",
            reason="TASK_AMBIGUOUS",
        )
    if not named:
        _refuse_unknown(kind, execution, request.task_name)
    return (unanswered or named)[0]


def _refuse_unknown(kind: Kind, execution: Resource, name: str) -> NoReturn:
    pending = [task.task_name for task in waiting_tasks(execution)]
    waiting = f"waits for an answer to {', '.join(pending)}" if pending else "waits for no answer"
    raise FailedPrecondition(
        f"the task {name!r} awaits no approval: {kind.name} {execution.metadata.id} {waiting}",
        reason="APPROVAL_NOT_PENDING",
        metadata={"id": execution.metadata.id, "pending": ",".join(pending[:20])},
    )


def _refuse_another(task: Any, answer: HumanAnswer) -> None:
    """A task has one answer: raises FailedPrecondition unless this is the one that it has."""
    known = HumanAnswer()
    known.CopyFrom(task.human_answer)
    known.answered_at = answer.answered_at
    if known != answer:
        raise FailedPrecondition(
            f"the task {task.task_name!r} was answered already: {known.outcome!r} by {known.reviewer}",
            reason="APPROVAL_ALREADY_DECIDED",
            metadata={"outcome": known.outcome, "reviewer": known.reviewer},
        )


def _refuse_late(unit: UnitOfWork, task: Any) -> None:
    """Once its time is up a task takes no answer, whether its run knows that already or not."""
    limit = moment_of(task.human_request.timeout_at)
    if limit is not None and unit.now >= limit:
        raise FailedPrecondition(
            f"the task {task.task_name!r} could be answered until {task.human_request.timeout_at}",
            reason="APPROVAL_TIMED_OUT",
        )


def _check(request: Any, answer: HumanAnswer, form: Any) -> None:
    outcomes = [outcome.name for outcome in request.outcomes]
    if outcomes and answer.outcome not in outcomes:
        raise violation("outcome", f"{answer.outcome!r} is not offered: use one of {', '.join(outcomes)}")
    if request.approvers and answer.reviewer not in request.approvers:
        raise PermissionDenied(
            f"{answer.reviewer!r} may not answer this task: its approvers are {', '.join(request.approvers)}",
            reason="NOT_AN_APPROVER",
        )
    if request.form_schema_json:
        _check_form(request, form)


def _form_schema(request: Any) -> Any:
    """The form's schema, checked: it was when its document was applied, but what a runner sends is not trusted.

    Raises SchemaInvalidError.
    """
    text = request.form_schema_json or "{}"
    try:
        schema = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SchemaInvalidError(f"it is no JSON: {error}") from error
    checked(schema)
    return schema


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_form(request: Any, form: Any) -> None:
    try:
        schema = _form_schema(request)
    except SchemaInvalidError as error:
        raise FailedPrecondition(f"the form's schema is broken: {error}", reason="FORM_SCHEMA_INVALID") from error
    validator = jsonschema_rs.validator_for(schema, pattern_options=jsonschema_rs.RegexOptions())  # linear patterns
    found = islice(validator.iter_errors(form), _MAX_ERRORS)
    problems = [
        FieldViolation(".".join(("form_data", *map(str, error.instance_path))), error.message) for error in found
    ]
    if problems:
        text = "; ".join(f"{problem.field}: {problem.description}" for problem in problems)
        raise InvalidArgument(f"the form does not match its schema: {text}", violations=problems)


def _resolved(unit: UnitOfWork, task: Any, answer: HumanAnswer) -> WorkflowExecutionEvent:
    event = WorkflowExecutionEvent(
        event_id=f"answer/{answer.request_id}",
        event_type=WorkflowEventType.approval_resolved,
        occurred_at=answer.answered_at,
        task_name=task.task_name,
    )
    resolved = event.approval_resolved
    resolved.outcome, resolved.comment, resolved.resolved_by = answer.outcome, answer.comment, answer.reviewer
    started = moment_of(task.started_at)
    if started is not None:
        waited = unit.now - started
        resolved.wait_duration_ms = max(0, round(waited.total_seconds() * 1000))
    return event


def _told(task: Any, answer: HumanAnswer, form: Any) -> TaskAnswered:
    return TaskAnswered(
        id=answer.request_id,
        task_id=task.task_id,
        outcome=answer.outcome,
        form=form,
        comment=answer.comment,
        reviewer=answer.reviewer,
    )
