"""Agent: has a default AgentInstance."""

from __future__ import annotations

from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.default_instance import ensure_default_instance
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration
from stigmer_server.resources.strategy import Dependent, ResourceStrategy, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_INSTANCE = kind_by_key("agent_instance")


class AgentStrategy(ResourceStrategy):
    """Makes the default instance together with the agent; it goes with the agent too."""

    dependents = (
        Dependent("agent_execution", "agent_id", WhenDeleted.KEEP),
        Dependent("schedule", "agent_id", WhenDeleted.REFUSE),
        Dependent("agent_instance", "agent_id", WhenDeleted.REFUSE, owned_as="default_instance_id"),
    )

    def created(self, unit: UnitOfWork, resource: Resource) -> None:
        ensure_default_instance(unit, resource, _INSTANCE, "agent_id")


REGISTRATION = Registration(kind_by_key("agent"), AgentStrategy())
