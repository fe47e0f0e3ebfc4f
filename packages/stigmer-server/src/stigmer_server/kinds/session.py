"""Session: a conversation with an AgentInstance."""

from __future__ import annotations

from typing import Any

from stigmer_api.kinds import kind_by_key
from stigmer_server.executions import forks
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.listing import tag_field
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import Dependent, ResourceStrategy, WhenDeleted
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("session")


class SessionStrategy(ResourceStrategy):
    """Found by its instance; the newest comes first."""

    references = {"agent_instance_id": "agent_instance", "fork_of_session_id": "session"}  # noqa: RUF012 - never written to
    required_references = frozenset({"agent_instance_id"})
    queryable = frozenset({"agent_instance_id"})
    dependents = (Dependent("agent_execution", "session_id", WhenDeleted.TAKE),)
    name_required = False
    newest_first = True

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        forks.check_fork(unit, resource)

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        forks.keep_fork(stored, resource)

    def fields(self, unit: UnitOfWork, resource: Resource) -> dict[str, str]:
        tags = {tag_field(tag): "true" for tag in resource.metadata.tags}
        return {"agent_instance_id": resource.spec.agent_instance_id, **tags}


async def update_subject(services: Services, request: Any) -> Resource:
    """Change the subject of a session, and nothing else."""
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        session = unit.require(_KIND, request.id)
        session.spec.subject = request.subject
        unit.amend(_KIND, session)
        return session

    return await services.controller.run(work)


REGISTRATION = Registration(_KIND, SessionStrategy(), unary={"updateSubject": update_subject})
