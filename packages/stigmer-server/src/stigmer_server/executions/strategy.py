"""What executions of both kinds have in common as resources: they run, end, and keep their spec."""

from __future__ import annotations

from typing import ClassVar

from stigmer_api.kinds import Kind
from stigmer_server.executions import commands, phases
from stigmer_server.executions.creation import execution_field_value, keep_spec
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["ExecutionStrategy"]


class ExecutionStrategy(ResourceStrategy):
    """Base of the strategies of AgentExecution and WorkflowExecution; `kind` is which of them."""

    kind: ClassVar[Kind]

    running = phases.RUNNING
    name_required = False
    unique_slugs = True
    secrets_final = True
    newest_first = True

    def prepare_update(self, unit: UnitOfWork, stored: Resource, resource: Resource) -> None:
        keep_spec(stored, resource)

    def removing(self, unit: UnitOfWork, resource: Resource) -> None:
        unit.tx.delete_events(resource.metadata.id)

    def is_running(self, resource: Resource) -> bool:
        return phases.phase_of(resource) not in phases.TERMINAL

    def stop(self, unit: UnitOfWork, resource: Resource) -> None:
        commands.end(unit, self.kind, resource, "deleted by force")

    def field_value(self, name: str, text: str) -> str:
        return execution_field_value(self.kind, name, text)
