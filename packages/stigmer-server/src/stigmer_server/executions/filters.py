"""Lists of workflow executions by what is no queryable field: duration, cost, failed task; and their order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from stigmer_api.errors import FieldViolation, InvalidArgument
from stigmer_api.kinds import Kind
from stigmer_api.methods import method
from stigmer_server.executions import phases
from stigmer_server.executions.times import moment_of
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.listing import ListMethod, read_all

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from stigmer_server.resources.registry import Services
    from stigmer_store import ResourceRecord

__all__ = ["list_filtered"]

_EVALUATED_HERE = frozenset({"filter", "sort_field", "sort_ascending"})
_FAILED_TASK = "WORKFLOW_TASK_FAILED"


async def list_filtered(kind: Kind, verb: str, services: Services, request: Any) -> Message:
    """A list method whose request has `filter` and `sort_field`; the plain list when neither is given."""
    listing = _listing(kind, verb, services.controller.strategy_of(kind).queryable)
    if not request.HasField("filter") and not request.sort_field:
        return await listing(services.controller, request)
    require_valid(request, _check_times(request.filter))
    query = listing.query(request, newest_first=True)
    records = await read_all(services.repository, query)
    rows = [(record, from_record(record)) for record in records]
    rows = [row for row in rows if _matches(row[1], request.filter)]
    if request.sort_field:
        key = _sort_key(request)
        rows.sort(key=lambda row: key(row[1]), reverse=not request.sort_ascending)
    start = _start(rows, request.page_token)
    page = rows[start : start + query.limit]
    token = page[-1][0].id if page and start + query.limit < len(rows) else ""
    return listing.answer(tuple(row[0] for row in page), len(rows), query.limit, token)


def _check_times(criteria: Any) -> list[FieldViolation]:
    """Times and durations that are none, although the wire can carry them."""
    found: list[FieldViolation] = []
    for field, value in criteria.ListFields():
        read = getattr(value, "ToDatetime", None) or getattr(value, "ToTimedelta", None)
        try:
            if read is not None:
                read()
        except (ValueError, OverflowError) as error:
            found.append(FieldViolation(f"filter.{field.name}", str(error)))
    return found


@cache
def _listing(kind: Kind, verb: str, queryable: frozenset[str]) -> ListMethod:
    return ListMethod.bind(kind, method(kind, verb), queryable, _EVALUATED_HERE)


def _start(rows: list[tuple[ResourceRecord, Resource]], token: str) -> int:
    """Position behind the execution that ended the last page."""
    if not token:
        return 0
    for place, (record, _execution) in enumerate(rows):
        if record.id == token:
            return place + 1
    raise InvalidArgument(
        "page_token is not one that this list returned, or what it named is gone: start again without it",
        reason="PAGE_TOKEN_INVALID",
    )


def _matches(execution: Resource, criteria: Any) -> bool:
    status = execution.status
    if criteria.phases and status.phase not in criteria.phases:
        return False
    started = moment_of(status.started_at)
    if criteria.HasField("started_after") and (started is None or started < _utc(criteria.started_after)):
        return False
    if criteria.HasField("started_before") and (started is None or started >= _utc(criteria.started_before)):
        return False
    return _duration_matches(execution, criteria) and _cost_and_tasks_match(status, criteria)


def _duration_matches(execution: Resource, criteria: Any) -> bool:
    duration = _duration(execution)
    if criteria.HasField("min_duration") and (duration is None or duration < criteria.min_duration.ToTimedelta()):
        return False
    return not (
        criteria.HasField("max_duration") and (duration is None or duration > criteria.max_duration.ToTimedelta())
    )


def _cost_and_tasks_match(status: Any, criteria: Any) -> bool:
    if criteria.min_cost_micros and status.total_cost_micros < criteria.min_cost_micros:
        return False
    if criteria.max_cost_micros and status.total_cost_micros > criteria.max_cost_micros:
        return False
    if criteria.failed_task_name and not any(
        task.task_name == criteria.failed_task_name and _task_status(task) == _FAILED_TASK for task in status.tasks
    ):
        return False
    return not criteria.has_retries or any(task.attempt > 1 for task in status.tasks)


def _task_status(task: Any) -> str:
    return str(task.DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[task.status].name)


def _sort_key(request: Any) -> Callable[[Resource], Any]:
    field = request.DESCRIPTOR.fields_by_name["sort_field"].enum_type.values_by_number.get(request.sort_field)
    name = "" if field is None else str(field.name).removeprefix("EXECUTION_SORT_FIELD_")
    oldest = datetime.min.replace(tzinfo=UTC)
    keys: dict[str, Callable[[Resource], Any]] = {
        "STARTED_AT": lambda execution: moment_of(execution.status.started_at) or oldest,
        "DURATION": lambda execution: _duration(execution) or timedelta(0),
        "COST": lambda execution: execution.status.total_cost_micros,
        "STATUS": phases.phase_of,
    }
    if name not in keys:
        raise InvalidArgument(f"sort_field: {request.sort_field} is not one of its values")
    return keys[name]


def _duration(execution: Resource) -> timedelta | None:
    started = moment_of(execution.status.started_at)
    if started is None:
        return None
    return (moment_of(execution.status.completed_at) or datetime.now(UTC)) - started


def _utc(stamp: Any) -> datetime:
    moment: datetime = stamp.ToDatetime(tzinfo=UTC)
    return moment
