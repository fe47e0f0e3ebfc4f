"""A work on its way through the store, and works that go together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stigmer_store.records import Change
from stigmer_store.repository import Transaction
from stigmer_store.transaction import Group

__all__ = ["Batch", "Job"]


@dataclass(slots=True, eq=False)
class Job:
    """One work, who waits for it, and how it went."""

    work: Callable[[Transaction], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    changes: Sequence[Change] = ()
    handed_back: bool = False

    def run(self, transaction: Transaction) -> bool:
        """Do the work; whether it ended well."""
        try:
            self.result, self.error = self.work(transaction), None
        except BaseException as error:  # noqa: BLE001 - it belongs to the caller, who gets it as it is
            self.fail(error)
            return False
        return True

    def forget(self) -> None:
        """What came of it so far does not count."""
        self.result, self.error, self.changes = None, None, ()

    def fail(self, error: BaseException) -> None:
        """Note that nothing of it was kept."""
        self.result, self.error, self.changes = None, error, ()
        if isinstance(error, StopIteration):  # no future takes one: awaiting it would look like an ordinary end
            self.error = RuntimeError("a work raised StopIteration")
            self.error.__cause__ = error

    def settle(self) -> None:
        """Tell the caller; one that was cancelled meanwhile no longer listens."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


@dataclass(slots=True, eq=False)
class Batch:
    """Works in the order in which they came.

    Of the first `done` it is known what they do: `ahead` holds that, None when there are none. It is right if the
    store is at revision `base` when their turn comes and nothing has gone otherwise than was assumed since `epoch`.
    """

    jobs: list[Job]
    done: int = 0
    ahead: Group | None = None
    base: int = 0
    epoch: int = 0
