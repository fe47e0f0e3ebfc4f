"""CloudEvents for whoever waits for them: executions that listen, and workflows that such events start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ulid import ULID

from stigmer_api._pb.stigmer.runtime.v1.event_pb2 import PublishEventResponse
from stigmer_api.kinds import DEFAULT_ORG
from stigmer_server.executions.listeners import deliver_event
from stigmer_server.executions.signals import LARGEST_PAYLOAD, PUBLISHED
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.metadata import violation
from stigmer_server.schedules.triggers import start_by_event

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["publish"]

_REQUIRED = ("id", "source", "specversion", "type")


async def publish(services: Services, request: Any) -> PublishEventResponse:
    """Give an event to all of its org that it is for, in one transaction."""
    require_valid(request)
    event = _event_of(request.event_json)
    delivery = f"{PUBLISHED}{request.request_id or str(ULID()).lower()}"
    org = request.org or DEFAULT_ORG

    def work(unit: UnitOfWork) -> int:
        return deliver_event(unit, org, event, delivery) + start_by_event(unit, org, event, delivery)

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
