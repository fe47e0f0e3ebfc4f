"""The methods that every kind with versions has: getByReference of a version, and the list of versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from stigmer_api.kinds import DEFAULT_ORG, Kind
from stigmer_server.resources import versions
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, from_record
from stigmer_server.resources.metadata import violation

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from stigmer_server.resources.registry import Services

__all__ = ["get_by_reference", "list_versions"]

MakeEntry = Callable[[Resource, str], "Message"]
"""(version, hash of the current version) -> entry of the list of versions."""


async def get_by_reference(kind: Kind, services: Services, request: Any) -> Message | bytes:
    """The resource that org and slug name, with the spec of the version asked for: a tag, a hash, or the latest."""
    answer = await services.controller.get_by_reference(kind, request)
    if request.version in {"", versions.LATEST}:
        return answer
    current = cast("Resource", kind.message.FromString(answer))
    record = await versions.find_version(services.repository, kind, current.metadata.id, request.version)
    if record is None:
        raise await versions.version_not_found(services.repository, kind, current, request.version)
    return versions.as_of(current, versions.version_of_record(kind, record))


async def list_versions(kind: Kind, response: type[Message], entry: MakeEntry, services: Services, request: Any) -> Any:
    """One page of the versions of the resource that org and slug name, the newest first."""
    require_valid(request)
    if request.page_size < 0:
        raise violation("page_size", "must not be negative")
    org = request.org or DEFAULT_ORG
    found = await services.repository.find_by_slug(kind.key, org, request.slug)
    if found is None:
        raise await services.controller.missing(kind, request.slug, org)
    page = await versions.list_page(services.repository, kind, found.id, request.page_size, request.page_token)
    current = from_record(found).status.version_hash
    answer: Any = response()
    answer.versions.extend(entry(versions.version_of_record(kind, record), current) for record in page.items)
    answer.next_page_token = page.next_page_token
    answer.total_count = page.total
    return answer
