"""ExecutionContext: the resolved environment of one execution, written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stigmer_api.errors import NotFound
from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork
from stigmer_store import ListQuery

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("execution_context")


class ExecutionContextStrategy(ResourceStrategy):
    """Found by its execution; cannot change."""

    secrets_final = True
    queryable = frozenset({"execution_id"})
    name_required = False

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        if resource.spec != stored.spec:
            raise violation("spec", "an ExecutionContext cannot change; delete it and create another")

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        return {"execution_id": resource.spec.execution_id}


async def get_by_execution_id(services: Services, request: Any) -> Message:
    """The newest context of an execution, with its secrets in clear: this is what runners take them from."""
    require_valid(request)
    fields = {"execution_id": request.execution_id}
    query = ListQuery(kinds=(_KIND.key,), fields=fields, page_size=1, newest_first=True, counted=False)
    page = await services.repository.list(query)
    if not page.items:
        raise NotFound(
            f"execution {request.execution_id} has no ExecutionContext",
            metadata={"name": request.execution_id},
        )
    return await services.controller.reveal(_KIND, page.items[0])


REGISTRATION = Registration(_KIND, ExecutionContextStrategy(), unary={"getByExecutionId": get_by_execution_id})
