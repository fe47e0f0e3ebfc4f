"""The list of what workflow executions wait for people with, from the stored statuses."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.workflowexecution.v1.io_pb2 import PendingApproval, PendingApprovalsList
from stigmer_api.errors import InvalidArgument
from stigmer_api.kinds import Kind, kind_by_key
from stigmer_server.executions import phases
from stigmer_server.executions.answers import describe_question, waiting_tasks
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.listing import read_all
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from stigmer_server.resources.registry import Services

__all__ = [
    "AWAITED",
    "awaited_fields",
    "list_pending",
]

AWAITED = "awaits_approval"
"""Queryable field of executions that wait for somebody."""

_WORKFLOW = kind_by_key("workflow")
_DEFAULT_PAGE = 50
_LARGEST_PAGE = 1000


def awaited_fields(execution: Resource) -> dict[str, str]:
    """The queryable field of an execution that waits for an answer."""
    return {AWAITED: "true"} if execution.status.pending_approvals or waiting_tasks(execution) else {}


async def list_pending(kind: Kind, services: Services, request: Any) -> PendingApprovalsList:
    """What the workflow executions of an org wait for people with, oldest execution first."""
    require_valid(request)
    query = ListQuery(kinds=(kind.key,), org=request.org, fields={AWAITED: "true"}, requirements=phases.RUNNING)
    rows = [
        (record.id, number, entry)
        for record in await read_all(services.repository, query)
        for number, entry in enumerate(await _entries(services, from_record(record)))
    ]
    size = min(request.page_size or _DEFAULT_PAGE, _LARGEST_PAGE)
    after = _position(request.page_token)
    rest = [row for row in rows if after is None or row[:2] > after]
    answer = PendingApprovalsList(entries=[row[2] for row in rest[:size]], total_count=len(rows))
    if len(rest) > size:
        answer.next_page_token = _token(*rest[size - 1][:2])
    return answer


async def _entries(services: Services, execution: Resource) -> list[PendingApproval]:
    record = await services.repository.get(_WORKFLOW.key, execution.spec.workflow_id)
    name = "" if record is None else record.name
    found = []
    for task in waiting_tasks(execution):
        entry = _entry(execution, name, task.started_at)
        describe_question(entry, task)
        found.append(entry)
    for item in execution.status.pending_approvals:
        entry = _entry(execution, name, item.approval.requested_at)
        entry.task_name = item.approval.tool_name
        _fill_time(entry.timeout_at, item.approval.expires_at)
        found.append(entry)
    return found


def _entry(execution: Resource, workflow_name: str, requested_at: str) -> PendingApproval:
    requester = execution.status.audit.spec_audit.created_by.id
    entry = PendingApproval(execution_id=execution.metadata.id, workflow_name=workflow_name, requester=requester)
    _fill_time(entry.requested_at, requested_at)
    return entry


def _fill_time(stamp: Timestamp, text: str) -> None:
    if text:
        try:
            stamp.FromJsonString(text)
        except ValueError:  # a runner may report any text as a time
            stamp.Clear()


def _token(execution_id: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{execution_id}/{number}".encode()).decode()


def _position(token: str) -> tuple[str, int] | None:
    """The entry after which a page starts: ids of executions sort by their creation."""
    if not token:
        return None
    try:
        execution_id, _, number = base64.b64decode(token, altchars=b"-_", validate=True).decode().rpartition("/")
        return execution_id, int(number)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument(
            "page_token is not one that this list returned: start again without it", reason="PAGE_TOKEN_INVALID"
        ) from error
