"""CloudEvents for whoever listens: an event becomes a signal of every execution of its org that wants events like it.

Executions say what they want in their first report. Whether an event really matches is decided by the listening task;
here only attributes are compared that a document fixes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ulid import ULID

from stigmer_api._pb.stigmer.runtime.v1.event_pb2 import PublishEventResponse
from stigmer_api.kinds import DEFAULT_ORG, kind_by_key
from stigmer_api.temporal import SignalReceived
from stigmer_server.executions import phases
from stigmer_server.executions.signals import LARGEST_PAYLOAD, PUBLISHED, deliver
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.metadata import violation
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.registry import Services
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["LISTENS", "publish", "subscribed_fields"]

LISTENS = "listens"
"""Queryable field of executions that listen for published events."""

_KIND = kind_by_key("workflow_execution")
_REQUIRED = ("id", "source", "specversion", "type")
_PAGE = 1000


def subscribed_fields(execution: Resource) -> dict[str, str]:
    """The queryable field of an execution that listens for events."""
    return {LISTENS: "true"} if execution.status.subscriptions else {}


async def publish(services: Services, request: Any) -> PublishEventResponse:
    """Give an event to all unfinished executions of its org that want events like it, in one transaction."""
    require_valid(request)
    event = _event_of(request.event_json)
    key = request.request_id or str(ULID()).lower()
    signal = SignalReceived(f"{PUBLISHED}{key}", str(event["type"]), event)
    org = request.org or DEFAULT_ORG

    def work(unit: UnitOfWork) -> int:
        wanting = [execution for execution in _listening(unit, org) if _wants(execution, event)]
        for execution in wanting:
            deliver(unit, _KIND, execution, signal)
        return len(wanting)

    return PublishEventResponse(listeners=await services.controller.run(work))


def _event_of(text: str) -> dict[str, Any]:
    if len(text.encode()) > LARGEST_PAYLOAD:
        raise violation("event_json", f"must have at most {LARGEST_PAYLOAD} bytes: store the data and send where it is")
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise violation("event_json", f"is no JSON: {error}") from error
    if not isinstance(event, dict):
        raise violation("event_json", "must be a JSON object: a CloudEvent 1.0")
    for name in _REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise violation("event_json", f"is no CloudEvent: the attribute {name!r} must be text and not empty")
    return event


def _listening(unit: UnitOfWork, org: str) -> list[Resource]:
    found: list[Resource] = []
    token = ""
    while True:
        page = unit.tx.list(
            ListQuery(
                kinds=(_KIND.key,),
                org=org,
                fields={LISTENS: "true"},
                requirements=phases.RUNNING,
                page_size=_PAGE,
                page_token=token,
                counted=False,
            )
        )
        found += [execution for record in page.items if (execution := unit.find(_KIND, record.id)) is not None]
        token = page.next_page_token
        if not token:
            return found


def _wants(execution: Resource, event: Mapping[str, Any]) -> bool:
    return any(
        all(event.get(name) == value for name, value in subscription.attributes.items())
        for subscription in execution.status.subscriptions
    )
