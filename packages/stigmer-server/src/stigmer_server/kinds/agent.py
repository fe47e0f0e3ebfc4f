"""Agent: has a default AgentInstance."""

from __future__ import annotations

from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.default_instance import delete_default_instance, ensure_default_instance
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_INSTANCE = kind_by_key("agent_instance")


class AgentStrategy(ResourceStrategy):
    """Makes and deletes the default instance together with the agent."""

    def created(self, unit: UnitOfWork, resource: Resource) -> None:
        ensure_default_instance(unit, resource, _INSTANCE, "agent_id")

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        delete_default_instance(unit, resource, _INSTANCE)


REGISTRATION = Registration(kind_by_key("agent"), AgentStrategy())
