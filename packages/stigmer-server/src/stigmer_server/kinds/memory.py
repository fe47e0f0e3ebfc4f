"""Memory: a fact that an agent proposes and a person confirms or rejects."""

from __future__ import annotations

from functools import partial
from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.memory.v1.enum_pb2 import MemoryLifecycleState
from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("memory")


class MemoryStrategy(ResourceStrategy):
    """New ones are proposed."""

    name_required = False
    newest_first = True

    def prepare_create(self, unit: UnitOfWork, resource: Resource) -> None:
        _set_state(unit, resource, MemoryLifecycleState.lifecycle_state_proposed)


async def _decide(state: int, services: Services, request: Any) -> Resource:
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        memory = unit.require(_KIND, request.value)
        if memory.status.lifecycle_state != state:
            _set_state(unit, memory, state)
            unit.save(_KIND, memory)
        return memory

    return await services.controller.run(work)


def _set_state(unit: UnitOfWork, memory: Resource, state: int) -> None:
    memory.status.lifecycle_state = state
    memory.status.state_changed_at.FromDatetime(unit.now)


REGISTRATION = Registration(
    _KIND,
    MemoryStrategy(),
    unary={
        "confirm": partial(_decide, MemoryLifecycleState.lifecycle_state_confirmed),
        "reject": partial(_decide, MemoryLifecycleState.lifecycle_state_rejected),
    },
)
