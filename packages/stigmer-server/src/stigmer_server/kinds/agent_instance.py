"""AgentInstance: binds an Agent to environments."""

from __future__ import annotations

from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration
from stigmer_server.resources.strategy import Dependent, ResourceStrategy, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]


class AgentInstanceStrategy(ResourceStrategy):
    """Found by its agent."""

    references = {"agent_id": "agent"}  # noqa: RUF012 - never written to
    required_references = frozenset({"agent_id"})
    queryable = frozenset({"agent_id"})
    dependents = (Dependent("session", "agent_instance_id", WhenDeleted.REFUSE),)

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        return {"agent_id": resource.spec.agent_id}


REGISTRATION = Registration(kind_by_key("agent_instance"), AgentInstanceStrategy())
