"""Carries the outbox to Temporal: starts, cancellations, terminations and the word to waiting parents.

Every delivery may be repeated after a crash and has its effect once: workflow ids are never used twice, and
Temporal drops repeated signals by the id of their row. With Temporal away the rows wait, and nothing else does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import structlog

from stigmer_api.kinds import Kind, kind_by_key
from stigmer_api.temporal import decode_callback
from stigmer_server.executions import outbox, phases
from stigmer_server.executions.settle import settle
from stigmer_server.executions.temporal import TemporalAway, TemporalLink, TemporalRefused, workflow_id_of
from stigmer_server.resources.controller import Controller
from stigmer_server.resources.envelope import from_record
from stigmer_server.resources.unit import UnitOfWork
from stigmer_store import OutboxItem, StoreError

__all__ = ["Dispatcher"]

Deliver = Callable[[OutboxItem], Awaitable[None]]
"""Has the effect of an item, also when it is called again. Raises TemporalAway and TemporalRefused."""

_log = structlog.get_logger("stigmer.dispatch")
_BATCH = 100
_AT_ONCE = 16
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_LOOK_AGAIN_SECONDS = 10.0
"""Rows that another server wrote, or that were postponed, are found this late at most."""
_LOOKS_AT_CLOSING = 20
_LONGEST_POSTPONEMENT = 60.0


class Dispatcher:
    """Runs until cancelled. `wake` it after a commit that left something in the outbox."""

    def __init__(
        self, controller: Controller, temporal: TemporalLink, more: Mapping[str, Deliver] | None = None
    ) -> None:
        """`more`: how to deliver the topics of other parts of the server."""
        self._controller = controller
        self._repository = controller.repository
        self._temporal = temporal
        self._wake = asyncio.Event()
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._deliver_by_topic: Mapping[str, Deliver] = {
            **(more or {}),
            outbox.START: self._start,
            outbox.RECOVER: self._recover,
            outbox.SIGNAL: self._signal,
            outbox.CANCEL: self._cancel,
            outbox.TERMINATE: self._terminate,
            outbox.CHILD_FINISHED: self._tell_parent,
        }

    def wake(self) -> None:
        """Look into the outbox now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver whatever is due, then wait for more."""
        pause = _FIRST_PAUSE
        away = False
        while True:
            self._wake.clear()
            try:
                items = await self._repository.due_outbox(_BATCH, datetime.now(UTC))
                if items:
                    await self._deliver(items)
            except (TemporalAway, StoreError) as error:
                if not away:
                    _log.warning("waiting", error=str(error))
                away = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            if items and away:
                _log.info("Temporal is back")
                away = False
            pause = _FIRST_PAUSE
            if not items:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _LOOK_AGAIN_SECONDS)

    async def _deliver(self, items: Sequence[OutboxItem]) -> None:
        """Deliver items: those of one execution in order, different executions side by side."""
        ordered = sorted(items, key=lambda item: (item.key, item.id))
        groups = [list(group) for _key, group in groupby(ordered, key=lambda item: item.key)]
        away = asyncio.Event()
        results = await asyncio.gather(*(self._deliver_group(group, away) for group in groups), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _deliver_group(self, items: Sequence[OutboxItem], away: asyncio.Event) -> None:
        """Deliver in order until one is postponed. Who finds Temporal away sets `away`: others need not try."""
        async with self._at_once:
            for item in items:
                if away.is_set():
                    return
                try:
                    if not await self._deliver_one(item):
                        return
                except TemporalAway:
                    away.set()
                    raise

    async def _deliver_one(self, item: OutboxItem) -> bool:
        """Deliver one item and remove it; False when it was postponed. Raises TemporalAway."""
        deliver = self._deliver_by_topic.get(item.topic)
        try:
            if deliver is None:
                raise TemporalRefused(f"this version of the server knows no topic {item.topic!r}")
            await deliver(item)
        except TemporalRefused as error:
            seconds = min(2.0**item.attempts, _LONGEST_POSTPONEMENT)
            _log.error("refused", topic=item.topic, execution=item.key, error=str(error), again_in=seconds)
            await self._repository.postpone_outbox(item.id, datetime.now(UTC) + timedelta(seconds=seconds), str(error))
            return False
        await self._repository.complete_outbox([item.id])
        return True

    async def _start(self, item: OutboxItem) -> None:
        kind = kind_by_key(item.payload.decode())
        record = await self._repository.get(kind.key, item.key)
        if record is None or phases.record_is_terminal(record):
            return  # deleted or ended before it was started
        try:
            await self._temporal.start(kind, item.key)
        except TemporalRefused as error:
            await self._settle(kind, item.key, phases.FAILED, f"Temporal refuses to start it: {error}")
            return
        await self._controller.run(lambda unit: _mark_started(unit, kind, item.key))

    async def _recover(self, item: OutboxItem) -> None:
        key, _, number = item.payload.decode().partition("\n")
        kind = kind_by_key(key)
        record = await self._repository.get(kind.key, item.key)
        if record is None or phases.record_is_terminal(record):
            return  # deleted or ended meanwhile, perhaps by the very run that this started
        for _ in range(_LOOKS_AT_CLOSING):
            if await self._temporal.start(kind, item.key, int(number)):
                await self._controller.run(lambda unit: _mark_started(unit, kind, item.key))
                return
            await asyncio.sleep(_FIRST_PAUSE)
        raise TemporalRefused("its last run has reported its end and has not closed yet")

    async def _signal(self, item: OutboxItem) -> None:
        content = json.loads(item.payload)
        kind = kind_by_key(content["kind"])
        record = await self._repository.get(kind.key, item.key)
        if record is None or phases.record_is_terminal(record):
            return
        request_id = f"stigmer-outbox-{item.id}-{item.key}"
        await self._temporal.signal(workflow_id_of(kind, item.key), content["signal"], content["argument"], request_id)

    async def _cancel(self, item: OutboxItem) -> None:
        kind, reason = _kind_and_reason(item)
        record = await self._repository.get(kind.key, item.key)
        if record is None or phases.record_is_terminal(record):
            return
        started = bool(from_record(record).status.temporal_workflow_id)
        if started and await self._temporal.cancel(workflow_id_of(kind, item.key)):
            return
        if not started:  # its start is still waiting, and finds it ended
            await self._settle(kind, item.key, phases.CANCELLED, reason or "cancelled before it was started")

    async def _terminate(self, item: OutboxItem) -> None:
        kind, reason = _kind_and_reason(item)
        await self._temporal.terminate(workflow_id_of(kind, item.key), reason)

    async def _tell_parent(self, item: OutboxItem) -> None:
        try:
            workflow_id = decode_callback(item.payload)
        except ValueError:
            _log.warning("callback token is not ours", execution=item.key)
            return
        await self._temporal.tell_parent(workflow_id, item.key, f"stigmer-outbox-{item.id}-{item.key}")

    async def _settle(self, kind: Kind, execution_id: str, phase: str, reason: str) -> None:
        await self._controller.run(lambda unit: settle(unit, kind, execution_id, phase, reason))


def _mark_started(unit: UnitOfWork, kind: Kind, execution_id: str) -> None:
    execution = unit.find(kind, execution_id)
    if execution is None or execution.status.temporal_workflow_id:
        return
    execution.status.temporal_workflow_id = workflow_id_of(kind, execution_id)
    unit.save(kind, execution)


def _kind_and_reason(item: OutboxItem) -> tuple[Kind, str]:
    key, _, reason = item.payload.decode().partition("\n")
    return kind_by_key(key), reason
