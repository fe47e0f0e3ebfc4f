"""Schedule: starts an agent at given times. Kept and checked; nothing fires yet."""

from __future__ import annotations

from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_AGENT = kind_by_key("agent")


class ScheduleStrategy(ResourceStrategy):
    """Found by the id of the agent that it names by reference."""

    queryable = frozenset({"agent_id"})

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        reference = resource.spec.agent.agent_ref
        if not reference.slug:
            return {}
        agent = unit.find_by_slug(_AGENT, reference.org or resource.metadata.org, reference.slug)
        return {} if agent is None else {"agent_id": agent.metadata.id}


REGISTRATION = Registration(kind_by_key("schedule"), ScheduleStrategy())
