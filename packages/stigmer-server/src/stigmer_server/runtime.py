"""The services of package `stigmer.runtime.v1`: lists across kinds, and what the server knows of itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from google.protobuf.any_pb2 import Any as AnyMessage

from stigmer_api._pb.stigmer.runtime.v1.resource_pb2 import ListResourcesResponse, WatchMode
from stigmer_api._pb.stigmer.runtime.v1.server_pb2 import GetInfoResponse
from stigmer_api.kinds import KINDS, Kind, kind_by_key, kind_by_number
from stigmer_server.executions.temporal import QUEUES
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.selectors import field_requirements, label_requirements
from stigmer_server.watch.selection import Selection
from stigmer_server.watch.service import Mode, Watch
from stigmer_server.watch.wire import WatchWire
from stigmer_store import ListQuery, ResourceRecord

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services

__all__ = ["get_info", "list_resources", "watch_resources"]

_LARGEST_PAGE = 1000
_BOOKMARK_SECONDS = 5
_LONGEST_BOOKMARK_SECONDS = 300
_WATCH_MODES: dict[int, Mode] = {
    WatchMode.WATCH_MODE_UNSPECIFIED: Mode.ALL,
    WatchMode.WATCH_MODE_ALL: Mode.ALL,
    WatchMode.WATCH_MODE_LATEST: Mode.LATEST,
}


async def list_resources(services: Services, request: Any) -> ListResourcesResponse:
    """One page of resources of several kinds, read at one revision."""
    require_valid(request)
    kinds = tuple(_kind(number) for number in request.kinds) or KINDS
    query = ListQuery(
        kinds=tuple(kind.key for kind in kinds),
        org=request.org,
        labels=dict(request.labels),
        fields=dict(request.fields),
        requirements=(
            *label_requirements(request.label_selector),
            *field_requirements(request.field_selector, kinds, services.controller.strategy_of),
        ),
        page_size=min(max(request.page_size, 0), _LARGEST_PAGE),
        page_token=request.page_token,
        newest_first=request.newest_first,
        counted=False,
    )
    page = await services.repository.list(query)
    items = [_packed(record) for record in page.items]
    return ListResourcesResponse(items=items, next_page_token=page.next_page_token, revision=page.revision)


def watch_resources(services: Services, request: Any) -> AsyncGenerator[bytes, None]:
    """The selected resources, then every change of them or the latest of each, until the client leaves."""
    require_valid(request)
    if request.mode not in _WATCH_MODES:
        raise violation("mode", f"must be WATCH_MODE_ALL, WATCH_MODE_LATEST or unset, not {request.mode}")
    if request.from_revision < 0:
        raise violation("from_revision", "must not be negative: use resume_revision of the last response")
    kinds = tuple(_kind(number) for number in request.kinds) or KINDS
    selection = Selection(
        kinds=frozenset(kind.key for kind in kinds),
        org=request.org,
        labels=dict(request.labels),
        fields=dict(request.fields),
        requirements=(
            *label_requirements(request.label_selector),
            *field_requirements(request.field_selector, kinds, services.controller.strategy_of),
        ),
        names=frozenset(request.names),
        ids=frozenset(request.ids),
    )
    seconds = min(max(request.bookmark_seconds or _BOOKMARK_SECONDS, 1), _LONGEST_BOOKMARK_SECONDS)
    start = request.from_revision if request.HasField("from_revision") else None
    watch = Watch(selection, _WATCH_MODES[request.mode], start, seconds)
    return watch.run(services.broker, WatchWire(_packed))


async def get_info(services: Services, _request: Any) -> GetInfoResponse:
    """Version, database and Temporal, probed now."""
    link = services.temporal
    found = await link.probe()
    answer = GetInfoResponse(version=version("stigmer-server"), revision=await services.repository.revision())
    answer.database.backend, answer.database.location = _database(services.repository.url)
    answer.temporal.address = link.address
    answer.temporal.namespace = link.namespace
    answer.temporal.reachable = found.reachable
    answer.temporal.error = found.error
    answer.temporal.server_version = found.server_version
    for queue in QUEUES:
        answer.task_queues.add(name=queue, pollers=(found.pollers or {}).get(queue, 0))
    return answer


def _kind(number: int) -> Kind:
    try:
        return kind_by_number(number)
    except KeyError as error:
        raise violation("kinds", f"this server has no kind {number}") from error


def _packed(record: ResourceRecord) -> AnyMessage:
    kind = kind_by_key(record.kind)
    return AnyMessage(type_url=f"type.googleapis.com/{kind.full_name}", value=record.body)


def _database(url: str) -> tuple[str, str]:
    """Backend and location of a database URL, without user and password."""
    parts = urlsplit(url)
    backend = parts.scheme.partition("+")[0]
    if backend != "postgresql":
        return backend, parts.path.removeprefix("/")  # sqlite:////absolute/path and sqlite:///relative/path
    where = parts.hostname or ""
    return backend, f"{where}:{parts.port}{parts.path}" if parts.port else f"{where}{parts.path}"
