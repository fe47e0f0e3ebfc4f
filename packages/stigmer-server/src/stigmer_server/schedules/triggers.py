"""Workflows that published events start: which of them wait for an event, and the Temporal run that each of them has.

The store decides. What Temporal is told goes through the outbox under the workflow's id, so in this order: the run is
started, gets its events, and is stopped. Each arming has a run of its own; see `WorkflowAwait`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from ulid import ULID

from stigmer_api.dsl.schedule import Schedule
from stigmer_api.dsl.strategies import subscriptions_of_strategy
from stigmer_api.kinds import kind_by_key
from stigmer_api.temporal import (
    EVENT_RECEIVED,
    STOP_AWAITING,
    WORKFLOW_AWAIT,
    WORKFLOW_EXECUTION_QUEUE,
    EventReceived,
    WorkflowAwait,
    temporal_awaiting_id,
)
from stigmer_server.executions.listeners import LISTENS, listening, wants
from stigmer_server.executions.temporal import TemporalAway, TemporalRefused
from stigmer_server.resources.envelope import from_record
from stigmer_store import OutboxItem

if TYPE_CHECKING:
    from stigmer_server.executions.temporal import TemporalLink
    from stigmer_server.resources.controller import Controller
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["ARM", "DISARM", "EVENT", "WorkflowTriggers", "arm", "awaiting_fields", "disarm", "start_by_event"]

ARM: Final = "arm-workflow"
"""Have a run that waits for the events of the workflow `key`; payload: its trigger."""

EVENT: Final = "event-for-workflow"
"""Give that run an event; payload: JSON of its trigger and the signal."""

DISARM: Final = "disarm-workflow"
"""Stop that run once it has used what it got; payload: its trigger."""

_KIND = kind_by_key("workflow")


def arm(unit: UnitOfWork, workflow: Resource, schedule: Schedule | None) -> None:
    """Have a stored workflow started by the events of its schedule, and no longer by those of an older one."""
    trigger = None if schedule is None else schedule.trigger
    text = "" if trigger is None else json.dumps(trigger)
    if workflow.status.event_trigger.trigger_json == text:
        return
    disarm(unit, workflow)
    if trigger is None:
        return
    found = workflow.status.event_trigger
    found.id, found.trigger_json = str(ULID()).lower(), text
    for attributes in subscriptions_of_strategy(trigger["on"]):
        found.subscriptions.add(attributes=attributes)
    unit.enqueue(ARM, workflow.metadata.id, _payload(workflow))


def disarm(unit: UnitOfWork, workflow: Resource) -> None:
    """Have no event start a workflow any more; those that were published before still do."""
    if workflow.status.HasField("event_trigger"):
        unit.enqueue(DISARM, workflow.metadata.id, _payload(workflow))
        workflow.status.ClearField("event_trigger")


def awaiting_fields(workflow: Resource) -> dict[str, str]:
    """The queryable field of a workflow that events start."""
    return {LISTENS: "true"} if workflow.status.HasField("event_trigger") else {}


def start_by_event(unit: UnitOfWork, org: str, event: Mapping[str, Any], delivery: str) -> int:
    """Give an event to the workflows of an org that events like it start; how many there are.

    The log of events of a workflow has nothing but their ids, so that a repeated one has no further effect.
    """
    found = 0
    for workflow in listening(unit, _KIND, org):
        if not wants(workflow.status.event_trigger.subscriptions, event):
            continue
        found += 1
        if unit.tx.append_events(workflow.metadata.id, [(delivery, b"")]):
            signal = asdict(EventReceived(delivery, dict(event)))
            unit.enqueue(EVENT, workflow.metadata.id, _payload(workflow, signal))
    return found


def _payload(workflow: Resource, signal: Mapping[str, Any] | None = None) -> bytes:
    trigger = workflow.status.event_trigger
    content = {"arming": trigger.id, "trigger": json.loads(trigger.trigger_json)}
    return json.dumps(content if signal is None else {**content, "signal": signal}).encode()


class WorkflowTriggers:
    """Serves the topics of the outbox above. Each of them may be repeated. Raises TemporalAway, TemporalRefused."""

    def __init__(self, controller: Controller, temporal: TemporalLink) -> None:
        self._controller = controller
        self._temporal = temporal

    async def arm(self, item: OutboxItem) -> None:
        """Start the run, unless the workflow has changed since."""
        content = json.loads(item.payload)
        if await self._is_current(item.key, content["arming"]):
            await self._start(_awaiting(item.key, content))

    async def keep(self, workflow: Resource) -> None:
        """Have the run that the store says; Temporal may have lost it."""
        if workflow.status.HasField("event_trigger"):
            await self._start(_awaiting(workflow.metadata.id, json.loads(_payload(workflow))))

    async def give(self, item: OutboxItem) -> None:
        """Signal the run, and start it with the event when it is not there although it should be."""
        content = json.loads(item.payload)
        awaiting = _awaiting(item.key, content)
        again = await self._is_current(item.key, awaiting.arming)
        await self._start(awaiting, content["signal"], again=again)

    async def disarm(self, item: OutboxItem) -> None:
        """Tell the run to end; done as well when there is none."""
        run_id = temporal_awaiting_id(item.key, json.loads(item.payload)["arming"])
        await self._temporal.signal(run_id, STOP_AWAITING, None, f"stigmer-outbox-{item.id}-{item.key}")

    async def _is_current(self, workflow_id: str, arming: str) -> bool:
        record = await self._controller.repository.get(_KIND.key, workflow_id)
        return record is not None and from_record(record).status.event_trigger.id == arming

    async def _start(self, awaiting: WorkflowAwait, signal: object = None, *, again: bool = True) -> None:
        """Have the run, with a signal. `again`: also when it has ended, which only somebody on Temporal can do."""
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if again else WorkflowIDReusePolicy.REJECT_DUPLICATE

        async def work(client: Client) -> None:
            await client.start_workflow(
                WORKFLOW_AWAIT,
                awaiting,
                id=temporal_awaiting_id(awaiting.workflow_id, awaiting.arming),
                task_queue=WORKFLOW_EXECUTION_QUEUE,
                id_reuse_policy=reuse,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=EVENT_RECEIVED if signal is not None else None,
                start_signal_args=[signal] if signal is not None else [],
            )

        try:
            await self._temporal.on_client(work)
        except WorkflowAlreadyStartedError:
            return  # it was stopped: the schedule was taken away, and what is left belongs to nobody
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # nothing but the namespace can be missing here
                raise TemporalAway(error.message) from error
            raise TemporalRefused(error.message) from error


def _awaiting(workflow_id: str, content: Mapping[str, Any]) -> WorkflowAwait:
    return WorkflowAwait(workflow_id, content["arming"], content["trigger"])
