"""Environment: variables and secrets. A secret value goes in and is read back by getSecretValue only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.environment.v1.spec_pb2 import EnvironmentValue
from stigmer_api.errors import NotFound
from stigmer_api.kinds import kind_by_key
from stigmer_server.resources.controller import require_valid
from stigmer_server.resources.envelope import Resource, copy_of
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.references import near_names
from stigmer_server.resources.registry import Registration, Services
from stigmer_server.resources.strategy import ResourceStrategy
from stigmer_server.resources.unit import UnitOfWork

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["REGISTRATION"]

_KIND = kind_by_key("environment")


async def update_variables(services: Services, request: Any) -> Resource:
    """Set some variables; the others stay."""
    require_valid(request)
    if "" in request.variables:
        raise violation("variables", "a variable needs a name")

    def work(unit: UnitOfWork) -> Resource:
        stored = unit.require(_KIND, request.environment_id)
        changed = copy_of(stored)
        for key, value in request.variables.items():
            changed.spec.data[key].CopyFrom(value)
        return unit.replace(_KIND, stored, changed, skip_unchanged=True)

    return await services.controller.run(work)


async def remove_variables(services: Services, request: Any) -> Resource:
    """Remove some variables; removing one that is not there is no error."""
    require_valid(request)

    def work(unit: UnitOfWork) -> Resource:
        stored = unit.require(_KIND, request.environment_id)
        changed = copy_of(stored)
        for key in request.keys:
            changed.spec.data.pop(key, None)
        return unit.replace(_KIND, stored, changed, skip_unchanged=True)

    return await services.controller.run(work)


async def get_secret_value(services: Services, request: Any) -> Message:
    """One variable with its value, secret or not."""
    require_valid(request)
    record = await services.repository.get(_KIND.key, request.environment_id)
    if record is None:
        raise await services.controller.missing(_KIND, request.environment_id, "")
    environment = await services.controller.reveal(_KIND, record, f"data/{request.key}")
    if request.key not in environment.spec.data:
        known = list(environment.spec.data)
        suggestions = near_names(request.key, known)
        hint = f"; did you mean {' or '.join(suggestions)}?" if suggestions else ""
        raise NotFound(
            f"environment {environment.metadata.slug!r} has no variable {request.key!r}{hint}",
            reason="VARIABLE_NOT_FOUND",
            metadata={"suggestions": ",".join(suggestions)} if suggestions else {},
        )
    answer = EnvironmentValue()
    answer.CopyFrom(environment.spec.data[request.key])
    return answer


REGISTRATION = Registration(
    _KIND,
    ResourceStrategy(),
    unary={
        "updateVariables": update_variables,
        "removeVariables": remove_variables,
        "getSecretValue": get_secret_value,
    },
)
