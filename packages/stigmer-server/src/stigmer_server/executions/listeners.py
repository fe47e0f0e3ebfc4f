"""Executions and workflows that published events are for: which of them want an event, and how executions get it.

Executions say what they want in their first report, workflows by their `schedule.on`. Whether an event really matches
is decided by a run; here only attributes are compared that a document fixes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stigmer_api.kinds import Kind, kind_by_key
from stigmer_api.temporal import SignalReceived
from stigmer_server.executions import phases
from stigmer_server.executions.signals import deliver
from stigmer_store import ListQuery, Requirement

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["LISTENS", "deliver_event", "listening", "subscribed_fields", "wants"]

LISTENS = "listens"
"""Queryable field of what published events are for."""

_KIND = kind_by_key("workflow_execution")
_PAGE = 1000


def subscribed_fields(execution: Resource) -> dict[str, str]:
    """The queryable field of an execution that listens for events."""
    return {LISTENS: "true"} if execution.status.subscriptions else {}


def deliver_event(unit: UnitOfWork, org: str, event: Mapping[str, Any], delivery: str) -> int:
    """Give an event to the unfinished executions of an org that want events like it; how many they are."""
    signal = SignalReceived(delivery, str(event["type"]), dict(event))
    wanting = [
        execution
        for execution in listening(unit, _KIND, org, phases.RUNNING)
        if wants(execution.status.subscriptions, event)
    ]
    for execution in wanting:
        deliver(unit, _KIND, execution, signal)
    return len(wanting)


def listening(unit: UnitOfWork, kind: Kind, org: str, requirements: tuple[Requirement, ...] = ()) -> Iterator[Resource]:
    """Resources of a kind that events are for."""
    token = ""
    while True:
        page = unit.tx.list(
            ListQuery(
                kinds=(kind.key,),
                org=org,
                fields={LISTENS: "true"},
                requirements=requirements,
                page_size=_PAGE,
                page_token=token,
                counted=False,
            )
        )
        for record in page.items:
            found = unit.find(kind, record.id)
            if found is not None:
                yield found
        token = page.next_page_token
        if not token:
            return


def wants(subscriptions: Iterable[Any], event: Mapping[str, Any]) -> bool:
    """Whether one of the subscriptions is for events like this."""
    return any(
        all(event.get(name) == value for name, value in subscription.attributes.items())
        for subscription in subscriptions
    )
