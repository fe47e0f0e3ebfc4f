"""Holds unfinished executions against Temporal, and settles those whose workflow ended without a word.

A workflow reports its end before it ends, and repeats the report until it is heard. So an unfinished execution whose
workflow has ended was cut off: terminated or timed out over there, failed in its own code, or lost with its database.
"""

from __future__ import annotations

import asyncio

import structlog

from stigmer_api.kinds import Kind, kind_by_key
from stigmer_server.executions import phases
from stigmer_server.executions.settle import settle
from stigmer_server.executions.sweeping import sweep_for_ever
from stigmer_server.executions.temporal import Outcome, TemporalLink
from stigmer_server.resources.controller import Controller
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.listing import read_all
from stigmer_server.resources.unit import UnitOfWork
from stigmer_store import ListQuery, ResourceRecord

__all__ = ["Reconciler"]

_log = structlog.get_logger("stigmer.reconcile")
_AT_ONCE = 8
_KINDS = ("workflow_execution", "agent_execution")

_PHASES = {
    "CANCELED": (phases.CANCELLED, "it was cancelled on Temporal"),
    "TERMINATED": (phases.TERMINATED, "it was terminated on Temporal"),
    "TIMED_OUT": (phases.FAILED, "its Temporal workflow ran out of time"),
    "FAILED": (phases.FAILED, "its Temporal workflow failed"),
    "COMPLETED": (phases.FAILED, "its Temporal workflow ended without reporting a result"),
    "NOT_FOUND": (
        phases.FAILED,
        "Temporal no longer knows it: its retention has passed or its database was lost",
    ),
}


class Reconciler:
    """Runs until cancelled: at start (once Temporal answers), then every `seconds`."""

    def __init__(self, controller: Controller, temporal: TemporalLink, seconds: float) -> None:
        self._controller = controller
        self._temporal = temporal
        self._seconds = seconds

    async def run(self) -> None:
        """Sweep for ever."""
        await sweep_for_ever(self.sweep, self._seconds, _log)

    async def sweep(self) -> int:
        """Compare every started, unfinished execution once; returns how many were settled. Raises TemporalAway."""
        settled = 0
        for key in _KINDS:
            kind = kind_by_key(key)
            for phase in phases.UNFINISHED:
                query = ListQuery(kinds=(key,), fields={"phase": phase})
                records = await read_all(self._controller.repository, query)
                for start in range(0, len(records), _AT_ONCE):
                    batch = records[start : start + _AT_ONCE]
                    settled += sum(await asyncio.gather(*(self._compare(kind, record) for record in batch)))
        return settled

    async def _compare(self, kind: Kind, record: ResourceRecord) -> bool:
        workflow_id = from_record(record).status.temporal_workflow_id
        if not workflow_id:
            return False  # the dispatcher has yet to start it
        outcome = await self._temporal.outcome(workflow_id)
        if outcome is None:
            return False
        phase, reason = _verdict(outcome)
        done = await self._controller.run(lambda unit: _settle_started(unit, kind, record.id, (phase, reason)))
        if done is not None:
            _log.warning("settled", execution=record.id, phase=phase, reason=reason)
        return done is not None


def _settle_started(unit: UnitOfWork, kind: Kind, execution_id: str, verdict: tuple[str, str]) -> Resource | None:
    """Settle, unless the execution was recovered while Temporal was asked: then the closed run is not its own."""
    execution = unit.find(kind, execution_id)
    if execution is None or not execution.status.temporal_workflow_id:
        return None
    return settle(unit, kind, execution_id, *verdict)


def _verdict(outcome: Outcome) -> tuple[str, str]:
    phase, reason = _PHASES.get(outcome.status, (phases.FAILED, f"its Temporal workflow is {outcome.status}"))
    return phase, f"{reason}: {outcome.reason}" if outcome.reason else reason
