"""WorkflowInstance: binds a Workflow to environments."""

from __future__ import annotations

from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration
from stigmer_server.resources.strategy import Dependent, ResourceStrategy, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]


class WorkflowInstanceStrategy(ResourceStrategy):
    """Found by its workflow."""

    references = {"workflow_id": "workflow"}  # noqa: RUF012 - never written to
    required_references = frozenset({"workflow_id"})
    queryable = frozenset({"workflow_id"})
    dependents = (Dependent("workflow_execution", "workflow_instance_id", WhenDeleted.KEEP),)

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        return {"workflow_id": resource.spec.workflow_id}


REGISTRATION = Registration(kind_by_key("workflow_instance"), WorkflowInstanceStrategy())
