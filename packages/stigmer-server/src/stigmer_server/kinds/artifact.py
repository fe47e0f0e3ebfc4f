"""Artifact: a file that an execution left."""

from __future__ import annotations

from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]


class ArtifactStrategy(ResourceStrategy):
    """Found by the execution that made it."""

    queryable = frozenset({"workflow_execution_id", "agent_execution_id"})
    name_required = False

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        source = resource.spec.source
        return {
            "workflow_execution_id": source.workflow_execution_id,
            "agent_execution_id": source.agent_execution_id,
        }


REGISTRATION = Registration(kind_by_key("artifact"), ArtifactStrategy())
