"""Writes agents straight into a store, so that watchers have something to tell."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from server_testing import resource

from stigmer_store import ResourceRecord

if TYPE_CHECKING:
    from stigmer_store import Repository, Transaction

Plan = list[tuple[str, bool, str]]
"""What a transaction does: an id, whether it goes, and what its agent is told."""


class Writer:
    """Transactions of one to three resources, with some deletions."""

    def __init__(self, repository: Repository, seed: int = 1) -> None:
        self.changes = 0
        self._repository = repository
        self._random = random.Random(seed)

    async def write(self, transactions: int, callers: int = 32) -> None:
        """So many transactions, several at a time."""
        plans = [self._plan() for _ in range(transactions)]
        self.changes += sum(map(len, plans))

        async def caller(number: int) -> None:
            for plan in plans[number::callers]:
                await self._repository.write(partial(apply_plan, plan))

        await asyncio.gather(*map(caller, range(callers)))

    def _plan(self) -> Plan:
        names = self._random.sample(range(40), self._random.choice((1, 1, 2, 3)))
        return [(f"agt-{n:026d}", self._random.random() < 0.02, str(self._random.random())) for n in names]


def apply_plan(plan: Plan, tx: Transaction) -> None:
    """One transaction."""
    for name, remove, text in plan:
        if remove and tx.get("agent", name) is not None:
            tx.delete("agent", name)
            continue
        body = resource("agent", name, {"instructions": text}, id=name).SerializeToString()
        now = datetime.now(UTC)
        record = ResourceRecord("agent", name, "local", name, name, tx.revision(), now, now, body, {}, {})
        tx.put(record)
