"""The common shape of every resource message, and its way into and out of store records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.message import Message

from stigmer_api.kinds import Kind, kind_by_key
from stigmer_store import ResourceRecord, from_microseconds, microseconds

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from stigmer_api._pb.ai.stigmer.commons.apiresource.metadata_pb2 import ApiResourceMetadata

    class Resource(Message):
        """api_version, kind, metadata, spec, status: what the message of every kind has (for the type checker)."""

        api_version: str
        kind: str
        metadata: ApiResourceMetadata
        spec: Any
        status: Any
else:
    Resource = Message

__all__ = [
    "Resource",
    "copy_of",
    "from_record",
    "new_resource",
    "record_with_status",
    "set_moment",
    "to_datetime",
    "to_record",
]


def new_resource(kind: Kind) -> Resource:
    """An empty resource of this kind with api_version and kind set."""
    resource = cast("Resource", kind.message())
    resource.api_version = "agentic.stigmer.ai/v1"
    resource.kind = kind.name
    return resource


def copy_of(resource: Resource) -> Resource:
    """An independent copy."""
    clone = type(resource)()
    clone.CopyFrom(resource)
    return clone


def from_record(record: ResourceRecord) -> Resource:
    """The message inside a record."""
    return cast("Resource", kind_by_key(record.kind).message.FromString(record.body))


def to_record(kind: Kind, resource: Resource, revision: int, fields: Mapping[str, str]) -> ResourceRecord:
    """The record of a resource whose metadata and audit are complete; stamps the revision into the body."""
    metadata = resource.metadata
    metadata.revision = revision
    audit = resource.status.audit
    touched = (audit.spec_audit.updated_at, audit.status_audit.updated_at)
    return ResourceRecord(
        kind=kind.key,
        id=metadata.id,
        org=metadata.org,
        slug=metadata.slug,
        name=metadata.name,
        revision=revision,
        created_at=to_datetime(audit.spec_audit.created_at),
        updated_at=to_datetime(max(touched, key=attrgetter("seconds", "nanos"))),
        body=resource.SerializeToString(deterministic=True),
        labels=dict(metadata.labels) if metadata.labels else {},
        fields={name: value for name, value in fields.items() if value},
        request_id=metadata.request_id,
    )


def record_with_status(
    before: ResourceRecord, resource: Resource, revision: int, fields: Mapping[str, str], now: datetime
) -> ResourceRecord:
    """The same for a stored resource of which only the status is new, since now: the rest is in its record already."""
    if now < before.updated_at:  # a clock that was set back: what is newest is in the audit
        return to_record(kind_by_key(before.kind), resource, revision, fields)
    resource.metadata.revision = revision
    return ResourceRecord(
        before.kind,
        before.id,
        before.org,
        before.slug,
        before.name,
        revision,
        before.created_at,
        now,
        resource.SerializeToString(deterministic=True),
        before.labels,
        {name: value for name, value in fields.items() if value},
        before.request_id,
    )


def to_datetime(stamp: Timestamp) -> datetime:
    """A protobuf timestamp as an aware UTC datetime. Timestamp has a method for it, at eight times the price."""
    return from_microseconds(stamp.seconds * 1_000_000 + stamp.nanos // 1000)


def set_moment(stamp: Timestamp, moment: datetime) -> None:
    """Set a protobuf timestamp to an aware datetime, to the microsecond."""
    stamp.seconds, rest = divmod(microseconds(moment), 1_000_000)
    stamp.nanos = rest * 1000
