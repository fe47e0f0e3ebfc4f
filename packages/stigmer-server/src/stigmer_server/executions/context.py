"""The ExecutionContext of an execution: made with it, taken away when it ends, each time in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stigmer_api.errors import FailedPrecondition
from stigmer_api.kinds import kind_by_key
from stigmer_server.executions.variables import Declared, Layer, missing_variables, resolve
from stigmer_server.resources.envelope import copy_of, new_resource

if TYPE_CHECKING:
    from stigmer_api.kinds import Kind
    from stigmer_server.resources.envelope import Resource
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["drop_context", "store_context"]

_CONTEXT = kind_by_key("execution_context")
_ENVIRONMENT = kind_by_key("environment")
_AGENT = kind_by_key("agent")
_AGENT_INSTANCE = kind_by_key("agent_instance")
_SESSION = kind_by_key("session")
_WORKFLOW = kind_by_key("workflow")
_WORKFLOW_INSTANCE = kind_by_key("workflow_instance")
_MCP_SERVER = kind_by_key("mcp_server")


def store_context(unit: UnitOfWork, kind: Kind, execution: Resource) -> None:
    """Resolve the variables of an execution that is about to start, and store them when there are any.

    Its spec names template and instance already. What turns out to be secret is marked so in its own runtime_env too.
    Raises FailedPrecondition when an environment is gone, and with every variable that is needed and has no value.
    """
    template, instance = _origin(unit, kind, execution)
    given = copy_of(execution)
    unit.secrets.fill(kind, given)
    layers: list[Layer] = [*_environments(unit, instance), given.spec.runtime_env]
    resolved = resolve(_declared(unit, template), layers)
    if resolved.missing:
        raise missing_variables(resolved.missing)
    for name, entry in execution.spec.runtime_env.items():
        entry.is_secret = resolved.variables[name].is_secret if name in resolved.variables else entry.is_secret
    if not resolved.variables:
        return
    context = new_resource(_CONTEXT)
    context.metadata.id = _id_for(execution)
    context.metadata.org = execution.metadata.org
    context.metadata.visibility = execution.metadata.visibility
    context.spec.execution_id = execution.metadata.id
    for name, variable in resolved.variables.items():
        context.spec.data[name].value = variable.value
        context.spec.data[name].is_secret = variable.is_secret
    unit.create(_CONTEXT, context)


def drop_context(unit: UnitOfWork, execution: Resource) -> None:
    """Forget the variables of an execution that has ended."""
    context_id = _id_for(execution)
    if unit.find(_CONTEXT, context_id) is not None:
        unit.drop(_CONTEXT, context_id)


def _id_for(execution: Resource) -> str:
    """The id of its context: the same ULID, so that it is found without a search."""
    return f"{_CONTEXT.id_prefix}-{execution.metadata.id.partition('-')[2]}"


def _origin(unit: UnitOfWork, kind: Kind, execution: Resource) -> tuple[Resource, Resource]:
    """The template of an execution, and the instance through which it runs."""
    spec = execution.spec
    if kind.key == "workflow_execution":
        return unit.require(_WORKFLOW, spec.workflow_id), unit.require(_WORKFLOW_INSTANCE, spec.workflow_instance_id)
    session = unit.require(_SESSION, spec.session_id)
    return unit.require(_AGENT, spec.agent_id), unit.require(_AGENT_INSTANCE, session.spec.agent_instance_id)


def _declared(unit: UnitOfWork, template: Resource) -> Iterator[Declared]:
    """What the template and the MCP servers that it uses declare; the template's own word comes first."""
    name = template.metadata.slug
    yield Declared(f"{template.kind} {name}", template.spec.env)
    for usage in getattr(template.spec, "mcp_server_usages", ()):
        reference = usage.mcp_server_ref
        server = unit.find_by_slug(_MCP_SERVER, reference.org or template.metadata.org, reference.slug)
        if server is not None:
            yield Declared(f"{server.kind} {server.metadata.slug} of {name}", server.spec.env)


def _environments(unit: UnitOfWork, instance: Resource) -> Iterator[Layer]:
    for reference in instance.spec.environment_refs:
        org = reference.org or instance.metadata.org
        environment = unit.find_by_slug(_ENVIRONMENT, org, reference.slug)
        if environment is None:
            raise FailedPrecondition(
                f"{instance.kind} {instance.metadata.slug} refers to the environment {reference.slug!r} of org "
                f"{org!r}, which was deleted: make it again, or take the reference away",
                reason="ENVIRONMENT_MISSING",
                metadata={"environment": reference.slug},
            )
        unit.secrets.fill(_ENVIRONMENT, environment)
        yield environment.spec.data
