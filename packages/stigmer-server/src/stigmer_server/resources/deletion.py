"""Deleting a resource together with what cannot be without it, or saying what stands in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from stigmer_api.errors import FailedPrecondition
from stigmer_api.kinds import Kind, kind_by_key
from stigmer_server.resources.strategy import Dependent, ResourceStrategy, WhenDeleted
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["Deletion"]

_LARGEST_PAGE = 1000
_MOST_NAMED = 10


class Deletion:
    """One deletion inside one unit of work. `remove` collects, `refuse_if_held` judges; nothing is written before."""

    def __init__(self, unit: UnitOfWork, strategy_of: Callable[[Kind], ResourceStrategy], *, force: bool) -> None:
        self._unit = unit
        self._strategy_of = strategy_of
        self._force = force
        self._running: list[str] = []
        self._held_by: list[str] = []
        self._removed: set[tuple[str, str]] = set()

    def remove(self, kind: Kind, resource: Resource) -> None:
        """Remove a resource and what goes with it; with force everything that depends on it."""
        key = (kind.key, resource.metadata.id)
        if key in self._removed:
            return
        self._removed.add(key)
        strategy = self._strategy_of(kind)
        self._end(kind, resource)
        for rule in strategy.dependents:
            dependent_kind = kind_by_key(rule.kind)
            for dependent in self._dependents(dependent_kind, rule, rule.named(resource)):
                if rule.belongs is None or rule.belongs(self._unit, resource, dependent):
                    self._judge(rule, resource, dependent_kind, dependent)
        strategy.removing(self._unit, resource)
        self._unit.drop(kind, resource.metadata.id)

    def refuse_if_held(self, kind: Kind, resource: Resource) -> None:
        """Raise FailedPrecondition naming what runs and what depends on the resource, when there is any."""
        if not self._running and not self._held_by:
            return
        ways = []
        if self._running:
            ways.append(f"still runs: {_listed(self._running)}")
        if self._held_by:
            ways.append(f"depends on it: {_listed(self._held_by)}")
        what = f"{kind.name} {resource.metadata.slug or resource.metadata.id}"
        raise FailedPrecondition(
            f"{what} cannot be deleted: {'; '.join(ways)}. Terminate and delete that first, or repeat with force, "
            "which ends and deletes it too",
            reason="EXECUTION_UNFINISHED" if self._running else "HAS_DEPENDENTS",
            metadata={
                "id": resource.metadata.id,
                "running": ",".join(self._running[:_MOST_NAMED]),
                "dependents": ",".join(self._held_by[:_MOST_NAMED]),
            },
        )

    def _judge(self, rule: Dependent, owner: Resource, kind: Kind, dependent: Resource) -> None:
        owned = bool(rule.owned_as) and getattr(owner.status, rule.owned_as) == dependent.metadata.id
        if rule.then is WhenDeleted.KEEP:
            self._end(kind, dependent)
        elif owned or self._force or rule.then is WhenDeleted.TAKE:
            self.remove(kind, dependent)
        else:
            self._held_by.append(_called(kind, dependent))

    def _end(self, kind: Kind, resource: Resource) -> None:
        """What runs is ended by force, and stands in the way without it."""
        strategy = self._strategy_of(kind)
        if not strategy.is_running(resource):
            return
        if self._force:
            strategy.stop(self._unit, resource)
        elif (name := _called(kind, resource)) not in self._running:
            self._running.append(name)

    def _dependents(self, kind: Kind, rule: Dependent, owner_id: str) -> Iterator[Resource]:
        terms = self._strategy_of(kind).running if rule.then is WhenDeleted.KEEP else ()
        named = {rule.field: owner_id}
        query = ListQuery((kind.key,), fields=named, requirements=terms, page_size=_LARGEST_PAGE, counted=False)
        while True:
            page = self._unit.tx.list(query)
            for record in page.items:
                found = self._unit.find(kind, record.id)
                if found is not None:
                    yield found
            if not page.next_page_token:
                return
            query = replace(query, page_token=page.next_page_token)


def _called(kind: Kind, resource: Resource) -> str:
    return f"{kind.name} {resource.metadata.id if kind.key.endswith('_execution') else resource.metadata.slug}"


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
