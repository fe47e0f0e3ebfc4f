"""AgentInstance: binds an Agent to environments."""

from __future__ import annotations

from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration
from stigmer_server.resources.strategy import Dependent, ResourceStrategy, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_SESSION = kind_by_key("session")


def _agent_of(instance: Resource) -> str:
    return str(instance.spec.agent_id)


def _is_turn_of(unit: UnitOfWork, instance: Resource, execution: Resource) -> bool:
    session = unit.find(_SESSION, execution.spec.session_id)
    return session is not None and session.spec.agent_instance_id == instance.metadata.id


class AgentInstanceStrategy(ResourceStrategy):
    """Found by its agent."""

    references = {"agent_id": "agent"}  # noqa: RUF012 - never written to
    required_references = frozenset({"agent_id"})
    queryable = frozenset({"agent_id"})
    dependents = (  # sessions stay as a record; only a turn that runs stands in the way
        Dependent("agent_execution", "agent_id", WhenDeleted.KEEP, named=_agent_of, belongs=_is_turn_of),
    )

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        return {"agent_id": resource.spec.agent_id}


REGISTRATION = Registration(kind_by_key("agent_instance"), AgentInstanceStrategy())
