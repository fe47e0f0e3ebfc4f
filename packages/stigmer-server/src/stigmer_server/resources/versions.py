"""The versions of a resource: every spec that was ever applied, by the hash of its content, with tags that move.

A version is a store record of an internal kind (`<kind>.version`), written in the transaction of the command that made
it. Its body is the resource as it was applied; its fields find it by resource and by tag. No such record is a resource
of the contract: an internal kind has a dot in its name, no id prefix and no methods.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.json_format import MessageToDict, SerializeToJsonError

from stigmer_api.errors import FieldViolation, NotFound
from stigmer_api.kinds import Kind
from stigmer_server.resources import metadata as identity
from stigmer_server.resources.envelope import Resource, copy_of
from stigmer_server.resources.references import near_names
from stigmer_store import ListQuery, Page, Repository, ResourceRecord, Transaction

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from stigmer_server.resources.unit import UnitOfWork

__all__ = [
    "LATEST",
    "all_versions",
    "as_of",
    "check_tag",
    "check_version",
    "exists",
    "find_known",
    "find_version",
    "is_hash",
    "list_page",
    "missing_version",
    "move_tag",
    "record_version",
    "remove_versions",
    "set_version",
    "spec_hash",
    "version_not_found",
    "version_of_record",
]

LATEST = "latest"
"""The version that a reference without one means."""

_TAG = re.compile(r"[a-zA-Z0-9._-]+")
_HASH = re.compile(r"[0-9a-f]{64}")
_LONGEST_TAG = 128
_LONGEST_MESSAGE = 4096
_RESOURCE = "resource_id"
_TAG_FIELD = "tag:"
_SET = "1"
_PAGE = 1000


def spec_hash(spec: Message) -> str:
    """SHA-256, in hex, of a spec as canonical JSON.

    Canonical JSON is the protobuf JSON form with proto field names, without fields at their default, keys sorted by
    code point, no white space, UTF-8. Raises ValueError for a number that JSON does not have.
    """
    try:
        content = MessageToDict(spec, preserving_proto_field_name=True)
    except SerializeToJsonError as error:
        raise ValueError(str(error)) from error
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_hash(version: str) -> bool:
    """Whether a version is named by its hash and not by a tag."""
    return _HASH.fullmatch(version) is not None


def check_tag(tag: str, field: str) -> list[FieldViolation]:
    """What keeps a text from being a tag; nothing for an empty one."""
    if not tag:
        return []
    if _TAG.fullmatch(tag) is None or len(tag) > _LONGEST_TAG:
        allowed = f"letters, digits, dots, underscores and hyphens, at most {_LONGEST_TAG}"
        return [FieldViolation(field, f"{tag[:_LONGEST_TAG]!r} is no tag: use {allowed}")]
    if tag == LATEST or is_hash(tag):
        return [FieldViolation(field, f"{tag!r} cannot be a tag: it names a version already")]
    return []


def check_version(resource: Resource) -> list[FieldViolation]:
    """What is wrong with the tag and message that a write gives its version."""
    given = resource.metadata.version
    found = check_tag(given.tag, "metadata.version.tag")
    if len(given.message) > _LONGEST_MESSAGE:
        found.append(FieldViolation("metadata.version.message", f"is longer than {_LONGEST_MESSAGE} characters"))
    return found


# -- writing


def record_version(
    unit: UnitOfWork, kind: Kind, resource: Resource, stored: Resource | None, fields: Mapping[str, str] | None = None
) -> None:
    """Keep `resource`, about to be written over `stored`, as a version when its `status.version_hash` is new.

    The message and tag in `metadata.version` belong to the version; a client that sends back what it read gives
    neither. Afterwards `metadata.version` is the server's. `fields` are further fields of the record.
    """
    old = stored.metadata.version if stored is not None else type(resource.metadata.version)()
    message, tag = _given(resource.metadata.version, old)
    version_hash = resource.status.version_hash
    known = unit.tx.get(_kind(kind), _id(resource.metadata.id, version_hash))
    if known is not None:
        set_version(resource, version_of_record(kind, known))
    else:
        version = resource.metadata.version
        version.Clear()
        version.id, version.message, version.previous_version_id = version_hash, message, old.id
        set_version(resource, resource)
        _put_new(unit, kind, resource, fields or {})
    if tag:
        move_tag(unit, kind, resource, version_hash, tag)


def move_tag(unit: UnitOfWork, kind: Kind, resource: Resource, version_hash: str, tag: str) -> bool:
    """Give a tag to a version and take it from the one that had it; False when there is no such version.

    `resource` is told what its own version is called now; the caller writes it when that changed.
    """
    resource_id = resource.metadata.id
    target = unit.tx.get(_kind(kind), _id(resource_id, version_hash))
    if target is None:
        return False
    for holder in unit.tx.list(_by_tag(kind, resource_id, tag)).items:
        if holder.id != target.id:
            rest = _tags(holder) - {tag}
            shown = version_of_record(kind, holder).metadata.version.tag
            _set_tags(unit, kind, holder, rest, shown if shown in rest else max(rest, default=""))
    _set_tags(unit, kind, target, _tags(target) | {tag}, tag)
    current = unit.tx.get(_kind(kind), _id(resource_id, resource.status.version_hash))
    if current is not None:
        set_version(resource, version_of_record(kind, current))
    return True


def set_version(resource: Resource, source: Resource) -> None:
    """Make a resource say what version it is: that of `source`."""
    version = copy_of(source).metadata.version
    resource.metadata.version.CopyFrom(version)
    if "tag" in resource.spec.DESCRIPTOR.fields_by_name:
        resource.spec.tag = version.tag


def remove_versions(unit: UnitOfWork, kind: Kind, resource_id: str) -> None:
    """Delete every version of a resource that is being deleted."""
    while page := unit.tx.list(_of(kind, resource_id, _PAGE)).items:
        for record in page:
            unit.tx.delete(record.kind, record.id)


def find_known(unit: UnitOfWork, kind: Kind, resource_id: str, version_hash: str) -> Resource | None:
    """The version with this hash, as it was applied."""
    record = unit.tx.get(_kind(kind), _id(resource_id, version_hash))
    return None if record is None else version_of_record(kind, record)


def _given(given: Any, old: Any) -> tuple[str, str]:
    """Message and tag of a write, without what is only an echo of the version that was read."""
    if not given.id or given.id != old.id:
        return given.message, given.tag
    return ("" if given.message == old.message else given.message, "" if given.tag == old.tag else given.tag)


def _put_new(unit: UnitOfWork, kind: Kind, resource: Resource, fields: Mapping[str, str]) -> None:
    body = copy_of(resource)
    identity.stamp_spec_updated(body.status.audit, unit.now)
    metadata = resource.metadata
    unit.tx.put(
        ResourceRecord(
            kind=_kind(kind),
            id=_id(metadata.id, resource.status.version_hash),
            org=metadata.org,
            slug="",
            name=metadata.name,
            revision=unit.tx.revision(),
            created_at=unit.now,
            updated_at=unit.now,
            body=body.SerializeToString(deterministic=True),
            labels={},
            fields={_RESOURCE: metadata.id, **fields},
        )
    )


def _set_tags(unit: UnitOfWork, kind: Kind, record: ResourceRecord, tags: set[str], shown: str) -> None:
    """Write a version under these tags; `shown` is the one that its entry shows."""
    body = version_of_record(kind, record)
    if tags == _tags(record) and body.metadata.version.tag == shown:
        return
    body.metadata.version.tag = shown
    set_version(body, body)
    kept = {name: value for name, value in record.fields.items() if not name.startswith(_TAG_FIELD)}
    unit.tx.put(
        replace(
            record,
            revision=unit.tx.revision(),
            updated_at=unit.now,
            body=body.SerializeToString(deterministic=True),
            fields={**kept, **{_TAG_FIELD + name: _SET for name in sorted(tags)}},
        )
    )


def _tags(record: ResourceRecord) -> set[str]:
    return {name.removeprefix(_TAG_FIELD) for name in record.fields if name.startswith(_TAG_FIELD)}


# -- reading


def exists(tx: Transaction, kind: Kind, resource_id: str, version: str) -> bool:
    """Whether a version ("", "latest", a tag or a hash) of a stored resource exists."""
    if version in {"", LATEST}:
        return True
    if is_hash(version):
        return tx.get(_kind(kind), _id(resource_id, version)) is not None
    return bool(tx.list(replace(_by_tag(kind, resource_id, version), counted=False)).items)


async def find_version(repository: Repository, kind: Kind, resource_id: str, version: str) -> ResourceRecord | None:
    """The version with this hash or tag."""
    if is_hash(version):
        return await repository.get(_kind(kind), _id(resource_id, version))
    found = (await repository.list(_by_tag(kind, resource_id, version))).items
    return found[0] if found else None


async def list_page(repository: Repository, kind: Kind, resource_id: str, size: int, token: str) -> Page:
    """One page of the versions of a resource, the newest first."""
    return await repository.list(replace(_of(kind, resource_id, size), page_token=token))


async def all_versions(repository: Repository, kind: Kind, resource_id: str) -> list[Resource]:
    """Every version of a resource, the newest first."""
    found: list[Resource] = []
    token = ""
    while True:
        page = await list_page(repository, kind, resource_id, _PAGE, token)
        found += [version_of_record(kind, record) for record in page.items]
        token = page.next_page_token
        if not token:
            return found


async def version_not_found(repository: Repository, kind: Kind, resource: Resource, version: str) -> NotFound:
    """NotFound for a version, with near tags."""
    records = (await list_page(repository, kind, resource.metadata.id, _PAGE, "")).items
    near = [] if is_hash(version) else near_names(version, [tag for record in records for tag in _tags(record)])
    return missing_version(kind, resource, version, near)


def missing_version(kind: Kind, resource: Resource, version: str, suggestions: Iterable[str] = ()) -> NotFound:
    """NotFound for a version of a resource that exists."""
    near = list(suggestions)
    metadata = {"kind": kind.name, "name": resource.metadata.slug, "version": version}
    if near:
        metadata["suggestions"] = ",".join(near)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return NotFound(
        f"{kind.name} {resource.metadata.slug!r} has no version {version!r}{hint}",
        reason="VERSION_NOT_FOUND",
        metadata=metadata,
    )


def version_of_record(kind: Kind, record: ResourceRecord) -> Resource:
    """The resource as it was applied."""
    return cast("Resource", kind.message.FromString(record.body))


def as_of(current: Resource, past: Resource) -> Resource:
    """A resource with the spec of one of its versions: who it is stays as it is now."""
    answer = copy_of(past)
    answer.metadata.CopyFrom(current.metadata)
    answer.metadata.version.CopyFrom(past.metadata.version)
    if "default_instance_id" in answer.status.DESCRIPTOR.fields_by_name:
        answer.status.default_instance_id = current.status.default_instance_id
    return answer


def _kind(kind: Kind) -> str:
    return f"{kind.key}.version"


def _id(resource_id: str, version_hash: str) -> str:
    return f"{resource_id}@{version_hash}"


def _of(kind: Kind, resource_id: str, size: int) -> ListQuery:
    return ListQuery(kinds=(_kind(kind),), fields={_RESOURCE: resource_id}, page_size=size, newest_first=True)


def _by_tag(kind: Kind, resource_id: str, tag: str) -> ListQuery:
    return ListQuery(kinds=(_kind(kind),), fields={_RESOURCE: resource_id, _TAG_FIELD + tag: _SET})
