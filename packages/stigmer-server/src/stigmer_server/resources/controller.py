"""The generic commands and reads, once for all kinds. What a kind does differently is in its strategy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar, cast

from stigmer_api.errors import FieldViolation, InvalidArgument, NotFound
from stigmer_api.kinds import DEFAULT_ORG, Kind
from stigmer_api.validation import violations
from stigmer_server.operations.calls import Mutation, current_call
from stigmer_server.resources.envelope import Resource, copy_of, from_record
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.options import options
from stigmer_server.resources.references import not_found
from stigmer_server.resources.unit import StrategyOf, UnitOfWork
from stigmer_server.secrets.box import fill_from
from stigmer_store import ListQuery, Repository, ResourceRecord, Transaction

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from stigmer_api._pb.ai.stigmer.commons.apiresource.io_pb2 import (
        ApiResourceReference,
        UpdateVisibilityInput,
    )
    from stigmer_server.secrets.vault import Vault

__all__ = ["Controller", "in_thread", "require_valid"]

T = TypeVar("T")

_SUGGESTION_POOL = 1000
_LARGE = 64 * 1024
_CHECKING = ThreadPoolExecutor(2, thread_name_prefix="check")


class _Rehearsed(Exception):
    """Undoes the transaction of a dry run and carries its result out."""

    def __init__(self, result: Any) -> None:
        super().__init__("dry run")
        self.result = result


class Controller:
    """Commands and reads of every kind over one repository. Raises ApiError and StoreError, nothing else."""

    def __init__(
        self,
        repository: Repository,
        strategy_of: StrategyOf,
        vault: Vault,
        *,
        on_enqueued: Callable[[], None],
        audit: Callable[[Sequence[Mutation]], None],
    ) -> None:
        self.repository = repository
        self.strategy_of = strategy_of
        self.vault = vault
        self._on_enqueued = on_enqueued
        self._audit = audit

    async def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` in one transaction. It may run again from the start: it must not change what it closes over.

        In a call that is a dry run the transaction is undone at its end.
        """
        units: list[UnitOfWork] = []
        asked = options()

        def transaction(tx: Transaction) -> T:
            unit = UnitOfWork(tx, self.strategy_of, self.vault.sealer, taken_as_there=asked.after)
            result = work(unit)
            unit.flush()
            if asked.dry_run:
                raise _Rehearsed(result)
            units[:] = [unit]
            return result

        try:
            result = await self.repository.write(transaction)
        except _Rehearsed as rehearsed:
            return cast("T", rehearsed.result)
        self._committed(units[0])
        return result

    def _committed(self, unit: UnitOfWork) -> None:
        call = current_call()
        if call is not None:
            call.mutations += unit.mutations
        self._audit(unit.mutations)
        if unit.enqueued:
            self._on_enqueued()

    # -- commands

    async def create(self, kind: Kind, request: Message) -> Resource:
        """Store a new resource."""
        checked = await self._checked(kind, request)
        return await self.run(lambda unit: unit.create(kind, copy_of(checked)))

    async def update(self, kind: Kind, request: Message) -> Resource:
        """Replace spec and metadata of a stored resource."""
        checked = await self._checked(kind, request)
        return await self.run(lambda unit: unit.update(kind, copy_of(checked)))

    async def apply(self, kind: Kind, request: Message) -> Resource:
        """Create or update; an unchanged resource is answered as it is, with its old revision."""
        checked = await self._checked(kind, request)
        return await self.run(lambda unit: unit.apply(kind, copy_of(checked)))

    async def delete(self, kind: Kind, resource_id: str, *, force: bool = False) -> Resource:
        """Delete and answer with the last state. Force comes with the request or with the call."""
        forced = force or options().force
        return await self.run(lambda unit: unit.delete(kind, resource_id, force=forced))

    async def update_visibility(self, kind: Kind, request: UpdateVisibilityInput) -> Resource:
        """Change who may see a resource, and nothing else."""
        require_valid(request)

        def work(unit: UnitOfWork) -> Resource:
            resource = unit.require(kind, request.resource_id)
            if resource.metadata.visibility != request.visibility:
                resource.metadata.visibility = request.visibility
                unit.amend(kind, resource)
            return resource

        return await self.run(work)

    # -- reads

    async def get(self, kind: Kind, resource_id: str) -> bytes:
        """The stored bytes of the resource with this id: no secret is in them."""
        if not resource_id:
            raise violation("value", f"the id of the {kind.name} is required")
        record = await self.repository.get(kind.key, resource_id)
        if record is None:
            raise await self.missing(kind, resource_id, "")
        return record.body

    async def get_by_reference(self, kind: Kind, request: ApiResourceReference) -> bytes:
        """The stored bytes of the resource with this slug in this org ("local" when none is given)."""
        require_valid(request)
        if request.kind not in {0, kind.number}:
            raise violation("kind", f"must be {kind.key} ({kind.number}) or unset, not {request.kind}")
        if request.version not in {"", "latest"} and not kind.versioned:
            raise violation("version", f"{kind.name} has no versions: leave it empty, or say latest")
        org = request.org or DEFAULT_ORG
        record = await self.repository.find_by_slug(kind.key, org, request.slug)
        if record is None:
            raise await self.missing(kind, request.slug, org)
        return record.body

    async def reveal(self, kind: Kind, record: ResourceRecord, only: str = "") -> Resource:
        """A resource with its secrets in clear, or with one of them (`field/key`).

        Only for the methods that exist to hand them out. Raises SecretUnreadable.
        """
        resource = from_record(record)
        await fill_from(self.repository, self.vault.sealer, kind, resource, only)
        return resource

    async def missing(self, kind: Kind, text: str, org: str) -> NotFound:
        """NotFound with near matches."""
        pool = ListQuery(kinds=(kind.key,), org=org, page_size=_SUGGESTION_POOL, newest_first=True, counted=False)
        return not_found(kind, text, org, (await self.repository.list(pool)).items)

    async def _checked(self, kind: Kind, request: Message) -> Resource:
        resource = cast("Resource", request)
        if not resource.HasField("spec"):
            resource.spec.SetInParent()  # so that the rules of the spec apply to a missing one too
        resource.ClearField("status")  # the server's; whatever a client put there is ignored, not judged
        strategy = self.strategy_of(kind)
        if strategy.slow_check or resource.ByteSize() > _LARGE:  # its check must not hold up everybody else
            require_valid(resource, await in_thread(strategy.check, resource))
        else:
            require_valid(resource, strategy.check(resource))
        return resource


async def in_thread(check: Callable[[Resource], T], resource: Resource) -> T:
    """The result of a check that may take seconds. Few run at once: they compete with everybody for the processor."""
    return await asyncio.get_running_loop().run_in_executor(_CHECKING, check, resource)


def require_valid(message: Message, more: Any = ()) -> None:
    """Raise InvalidArgument with every broken rule of the contract and everything in `more`."""
    found: list[FieldViolation] = [*violations(message), *more]
    if found:
        rest = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise InvalidArgument(f"{found[0].field}: {found[0].description}{rest}", violations=found)
