"""One command inside its transaction: the resources it touches are staged and written once, at the end.

Staging gives a command one change per resource and one revision for all, however often it comes back to a resource
(an Agent is written once although its default instance, created after it, changes its status).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stigmer_api._pb.ai.stigmer.commons.apiresource.enum_pb2 import ApiResourceVisibility
from stigmer_api.errors import AlreadyExists, Conflict
from stigmer_api.kinds import Kind, kind_by_key
from stigmer_server.operations.calls import Mutation
from stigmer_server.resources import metadata as identity
from stigmer_server.resources.deletion import Deletion
from stigmer_server.resources.envelope import Resource, copy_of, from_record, record_with_status, to_record
from stigmer_server.resources.references import not_found
from stigmer_server.resources.resolving import resolve_references
from stigmer_server.secrets.box import SecretBox
from stigmer_store import ListQuery, ResourceRecord, Transaction

if TYPE_CHECKING:
    from stigmer_api._pb.ai.stigmer.commons.apiresource.metadata_pb2 import ApiResourceMetadata
    from stigmer_server.resources.strategy import ResourceStrategy
    from stigmer_server.secrets.sealing import Sealer

__all__ = ["StrategyOf", "UnitOfWork"]

StrategyOf = Callable[[Kind], "ResourceStrategy"]

_SUGGESTION_POOL = 1000
_ENDING_LENGTH = 8


class UnitOfWork:
    """What a command may do. Everything is undone together when it raises."""

    def __init__(
        self,
        tx: Transaction,
        strategy_of: StrategyOf,
        sealer: Sealer,
        *,
        now: datetime | None = None,
        taken_as_there: frozenset[tuple[str, str, str]] = frozenset(),
    ) -> None:
        """`taken_as_there`: (kind key, org, slug) of what may be named in a dry run although it is not there yet."""
        self.tx = tx
        self.secrets = SecretBox(tx, sealer)
        self.now = now or datetime.now(UTC)
        self.enqueued = False
        self.mutations: list[Mutation] = []
        self._strategy_of = strategy_of
        self.taken_as_there = taken_as_there
        self._staged: dict[tuple[str, str], Resource | None] = {}  # None: removed by this command
        self._with_new_status: set[tuple[str, str]] = set()  # those of them with nothing else that is new

    # -- reading

    def find(self, kind: Kind, resource_id: str) -> Resource | None:
        """The resource as this command sees it; the caller may change what it gets and `save` it."""
        if (kind.key, resource_id) in self._staged:
            staged = self._staged[kind.key, resource_id]
            return None if staged is None else copy_of(staged)
        record = self.tx.get(kind.key, resource_id)
        return None if record is None else from_record(record)

    def find_by_slug(self, kind: Kind, org: str, slug: str) -> Resource | None:
        """The resource with this slug as this command sees it."""
        for (key, _id), staged in self._staged.items():
            if key == kind.key and staged is not None and _is_called(staged, org, slug):
                return copy_of(staged)
        record = self.tx.find_by_slug(kind.key, org, slug)
        if record is None or (kind.key, record.id) in self._staged:
            return None
        return from_record(record)

    def require(self, kind: Kind, resource_id: str) -> Resource:
        """The resource with this id; raises NotFound."""
        if not resource_id:
            raise identity.violation("value", f"the id of the {kind.name} is required")
        found = self.find(kind, resource_id)
        if found is None:
            raise not_found(kind, resource_id, "", self.pool(kind, ""))
        return found

    # -- the generic commands

    def create(self, kind: Kind, resource: Resource) -> Resource:
        """Create a resource and what belongs to it. A known (org, request_id) gives the resource stored first."""
        metadata = resource.metadata
        metadata.org = identity.org_of(metadata)
        if metadata.request_id:
            record = self.tx.find_by_request_id(kind.key, metadata.org, metadata.request_id)
            if record is not None:
                return from_record(record)
        strategy = self._strategy_of(kind)
        self._identify(kind, strategy, resource)
        resource.ClearField("status")
        identity.stamp_created(resource.status.audit, self.now)
        resolve_references(self, strategy, resource)
        strategy.prepare_create(self, resource)
        self._stage(kind, resource)
        strategy.created(self, resource)
        self._stage(kind, resource)
        return resource

    def update(self, kind: Kind, resource: Resource, *, skip_unchanged: bool = False) -> Resource:
        """Replace spec and metadata of a stored resource; its identity, creation and status stay.

        With `skip_unchanged` an update that changes nothing writes nothing. Raises NotFound and, when
        metadata.revision is older than what is stored, Conflict.
        """
        stored = self.locate(kind, resource.metadata)
        if stored is None:
            raise self._nothing_to_update(kind, resource)
        return self.replace(kind, stored, resource, skip_unchanged=skip_unchanged)

    def replace(self, kind: Kind, stored: Resource, resource: Resource, *, skip_unchanged: bool = False) -> Resource:
        """The second half of `update`, for a caller that has the stored resource."""
        _refuse_stale(kind, stored, resource.metadata.revision)
        strategy = self._strategy_of(kind)
        _keep_identity(stored, resource)
        resolve_references(self, strategy, resource, stored)
        news = self.secrets.take(kind, resource)
        if news and strategy.secrets_final:
            raise _final_secret(kind, news)
        strategy.prepare_update(self, stored, resource)
        if (
            skip_unchanged
            and not news
            and resource.SerializeToString(deterministic=True) == stored.SerializeToString(deterministic=True)
        ):
            return stored
        identity.stamp_spec_updated(resource.status.audit, self.now)
        self._stage(kind, resource)
        return resource

    def apply(self, kind: Kind, resource: Resource) -> Resource:
        """Create the resource, or update the one with its id or (org, slug) when that changes anything."""
        stored = self.locate(kind, resource.metadata)
        if stored is None:
            return self.create(kind, resource)
        return self.replace(kind, stored, resource, skip_unchanged=True)

    def delete(self, kind: Kind, resource_id: str, *, force: bool = False) -> Resource:
        """Delete a resource and what belongs to it; returns its last state.

        Raises NotFound, and FailedPrecondition when something runs or depends on it; `force` ends and deletes that.
        """
        resource = self.require(kind, resource_id)
        deletion = Deletion(self, self._strategy_of, force=force)
        deletion.remove(kind, resource)
        deletion.refuse_if_held(kind, resource)
        return resource

    def drop(self, kind: Kind, resource_id: str) -> None:
        """Take one resource away, and nothing else."""
        self._staged[kind.key, resource_id] = None

    def amend(self, kind: Kind, resource: Resource) -> None:
        """Write a resource whose spec or metadata was changed in one place: no hooks, audit as for an update."""
        identity.stamp_spec_updated(resource.status.audit, self.now)
        self._stage(kind, resource)

    def save(self, kind: Kind, resource: Resource) -> None:
        """Write a resource whose status was changed."""
        identity.stamp_status_updated(resource.status.audit, self.now)
        if self.secrets.shown(kind, resource):
            self._stage(kind, resource)
            return
        # a status has no secrets: the sealed ones need not be read for every report of an execution
        place = (kind.key, resource.metadata.id)
        if place not in self._staged:
            self._with_new_status.add(place)
        self._staged[place] = resource

    def ended(self, kind: Kind, resource: Resource) -> None:
        """Tell the kind of an execution that this one has become terminal."""
        self._strategy_of(kind).ended(self, resource)

    def enqueue(self, topic: str, key: str, payload: bytes) -> None:
        """Leave a task for the dispatcher."""
        self.tx.enqueue(topic, key, payload)
        self.enqueued = True

    def flush(self) -> None:
        """Write everything staged, with one revision."""
        for place, staged in self._staged.items():
            before = self.tx.get(*place)
            self._note(*place, before, staged is None)
            if staged is None:
                self.tx.delete(*place)
                self.secrets.forget(kind_by_key(place[0]), place[1])
            else:
                self.tx.put(self._record(place, before, staged))
        self.secrets.flush(self.now)

    def _record(self, place: tuple[str, str], before: ResourceRecord | None, staged: Resource) -> ResourceRecord:
        kind, revision = kind_by_key(place[0]), self.tx.revision()
        fields = self._strategy_of(kind).fields(self, staged)
        if before is not None and place in self._with_new_status:
            return record_with_status(before, staged, revision, fields, self.now)
        return to_record(kind, staged, revision, fields)

    def _note(self, key: str, resource_id: str, before: ResourceRecord | None, gone: bool) -> None:
        """Note for the audit log what is about to be written."""
        if before is None and gone:
            return  # made and removed again: nobody saw it
        operation = "delete" if gone else "create" if before is None else "update"
        old, new = (0 if before is None else before.revision), self.tx.revision()
        self.mutations.append(Mutation(key, resource_id, operation, old, new))

    # -- identity and references

    def locate(self, kind: Kind, metadata: ApiResourceMetadata) -> Resource | None:
        """The stored resource that metadata means: by id when it has one, else by (org, slug)."""
        if metadata.id:
            return self.find(kind, metadata.id)
        nameless = not metadata.slug and not metadata.name
        if nameless and not self._strategy_of(kind).name_required:
            return None
        return self.find_by_slug(kind, identity.org_of(metadata), identity.slug_of(metadata))

    def _stage(self, kind: Kind, resource: Resource) -> None:
        self.secrets.take(kind, resource)
        place = (kind.key, resource.metadata.id)
        self._with_new_status.discard(place)
        self._staged[place] = resource

    def pool(self, kind: Kind, org: str) -> tuple[ResourceRecord, ...]:
        """What a name that was not found may have meant."""
        return self.tx.list(ListQuery(kinds=(kind.key,), org=org, page_size=_SUGGESTION_POOL, newest_first=True)).items

    def _nothing_to_update(self, kind: Kind, resource: Resource) -> Exception:
        metadata = resource.metadata
        if metadata.id:
            return not_found(kind, metadata.id, "", self.pool(kind, ""))
        org = identity.org_of(metadata)
        return not_found(kind, identity.slug_of(metadata), org, self.pool(kind, org))

    def _identify(self, kind: Kind, strategy: ResourceStrategy, resource: Resource) -> None:
        metadata = resource.metadata
        if not metadata.id:
            metadata.id = identity.new_id(kind)
        elif not identity.is_id_of(kind, metadata.id):
            raise identity.violation(
                "metadata.id",
                f"{metadata.id!r} is no id of kind {kind.name} ({kind.id_prefix}-<lower case ULID>); "
                "leave it empty to get one",
            )
        elif self.find(kind, metadata.id) is not None:
            raise AlreadyExists(f"{kind.name} {metadata.id} exists already", metadata={"id": metadata.id})
        metadata.slug = _new_slug(strategy, metadata)
        metadata.name = metadata.name or metadata.slug
        metadata.visibility = metadata.visibility or ApiResourceVisibility.visibility_private
        holder = self.find_by_slug(kind, metadata.org, metadata.slug)
        if holder is not None:
            raise AlreadyExists(
                f"{kind.name} {metadata.slug!r} exists already in org {metadata.org!r} ({holder.metadata.id}); "
                "apply or update it, or choose another name",
                metadata={"id": holder.metadata.id, "kind": kind.name, "slug": metadata.slug},
            )


def _is_called(resource: Resource, org: str, slug: str) -> bool:
    return resource.metadata.org == org and resource.metadata.slug == slug


def _new_slug(strategy: ResourceStrategy, metadata: ApiResourceMetadata) -> str:
    if metadata.slug or (strategy.name_required and not strategy.unique_slugs):
        return identity.slug_of(metadata)
    if not metadata.name:
        return metadata.id
    if not strategy.unique_slugs:
        return identity.slug_of(metadata)
    ending = metadata.id[-_ENDING_LENGTH:]
    base = identity.slug_from_name(metadata.name)[: identity.MAX_SLUG - _ENDING_LENGTH - 1].strip("-")
    return f"{base}-{ending}" if base[:1].isalpha() else metadata.id


def _refuse_stale(kind: Kind, stored: Resource, revision: int) -> None:
    newest = stored.metadata.revision
    if revision and revision != newest:
        raise Conflict(
            f"{kind.name} {stored.metadata.slug!r} is at revision {newest}, not {revision}: "
            "read it again, repeat the change on what you read, and send it with its revision",
            reason="REVISION_STALE",
            metadata={"id": stored.metadata.id, "revision": str(newest)},
        )


def _final_secret(kind: Kind, names: set[str]) -> Exception:
    field, _, key = min(names).partition("/")
    return identity.violation(f'spec.{field}["{key}"]', f"cannot change once the {kind.name} exists; create another")


def _keep_identity(stored: Resource, resource: Resource) -> None:
    old, new = stored.metadata, resource.metadata
    new.id, new.slug, new.org, new.revision, new.request_id = (
        old.id,
        old.slug,
        old.org,
        old.revision,
        old.request_id,
    )
    new.name = new.name or old.name
    new.visibility = new.visibility or old.visibility
    resource.status.CopyFrom(stored.status)
