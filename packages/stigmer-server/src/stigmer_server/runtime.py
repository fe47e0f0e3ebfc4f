"""The services of package `stigmer.runtime.v1`: lists across kinds, and what the server knows of itself."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from google.protobuf.any_pb2 import Any as AnyMessage

from stigmer_api._pb.stigmer.runtime.v1.resource_pb2 import ListResourcesResponse
from stigmer_api._pb.stigmer.runtime.v1.server_pb2 import GetInfoResponse
from stigmer_api.kinds import KINDS, Kind, kind_by_key, kind_by_number
from stigmer_server.executions.temporal import QUEUES
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.selectors import field_requirements, label_requirements
from stigmer_store import ListQuery, ResourceRecord

if TYPE_CHECKING:
    from stigmer_server.resources.registry import Services

__all__ = ["get_info", "list_resources"]

_LARGEST_PAGE = 1000


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
    )
    page = await services.repository.list(query)
    items = [_packed(services, record) for record in page.items]
    return ListResourcesResponse(items=items, next_page_token=page.next_page_token, revision=page.revision)


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


def _packed(services: Services, record: ResourceRecord) -> AnyMessage:
    kind = kind_by_key(record.kind)
    content = services.controller.present_record(kind, record)
    body = content if isinstance(content, bytes) else content.SerializeToString()
    return AnyMessage(type_url=f"type.googleapis.com/{kind.full_name}", value=body)


def _database(url: str) -> tuple[str, str]:
    """Backend and location of a database URL, without user and password."""
    parts = urlsplit(url)
    backend = parts.scheme.partition("+")[0]
    if backend != "postgresql":
        return backend, parts.path.removeprefix("/")  # sqlite:////absolute/path and sqlite:///relative/path
    where = parts.hostname or ""
    return backend, f"{where}:{parts.port}{parts.path}" if parts.port else f"{where}{parts.path}"
