"""From an execution to what an engine needs: walks execution → session → instance → agent and checks that all of it
can be honoured. What is declared but not supported yet fails loudly; only hints that change no result become notices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stigmer_agent_runner.approvals.stored import approvals_of
from stigmer_agent_runner.bounds import limits_of, schema_of
from stigmer_agent_runner.catalog import AbilityResolver
from stigmer_agent_runner.engine.prices import Prices, price_missing
from stigmer_agent_runner.engine.protocol import Notice, Segment
from stigmer_agent_runner.environment import load_environment
from stigmer_agent_runner.errors import ResolveError
from stigmer_agent_runner.forking import Fork
from stigmer_agent_runner.models import choose_model
from stigmer_agent_runner.planning import only_plans
from stigmer_agent_runner.safety import with_safety
from stigmer_agent_runner.sessions import SessionPaths
from stigmer_agent_runner.skills.cache import SkillCache
from stigmer_agent_runner.tools.attachments import attachment_note
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api._pb.ai.stigmer.agentic.session.v1 import enum_pb2 as session_enum_pb2
from stigmer_api.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping
    from typing import TypeVar

    from stigmer_agent_runner.engine.providers import ModelChoice
    from stigmer_agent_runner.server import Server
    from stigmer_agent_runner.settings import Settings
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import api_pb2 as execution_pb2
    from stigmer_api._pb.ai.stigmer.agentic.session.v1 import api_pb2 as session_pb2

    T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What to run, and what to tell the user about it first. builds: it carries out the plan of its session.

    fork: what its session begins as a copy of.
    """

    segment: Segment
    notices: tuple[Notice, ...]
    builds: bool = False
    fork: Fork | None = None


async def resolve(
    execution: execution_pb2.AgentExecution, server: Server, settings: Settings, environment: Mapping[str, str]
) -> Resolved:
    """Return the segment of an execution. Raises ResolveError for what its author can mend, ApiError for the rest."""
    spec = execution.spec
    if not spec.session_id:
        raise ResolveError("spec.session_id is empty: the execution has no session to run in")
    session = await _found(server.session(spec.session_id), "spec.session_id", spec.session_id)
    instance_id = session.spec.agent_instance_id
    if not instance_id:
        raise ResolveError(f"session {spec.session_id} names no agent instance (spec.agent_instance_id is empty)")
    instance = await _found(server.instance(instance_id), "spec.agent_instance_id of the session", instance_id)
    agent_id = instance.spec.agent_id
    agent = await _found(server.agent(agent_id), "spec.agent_id of the agent instance", agent_id)
    _refuse_unsupported(session)
    variables = await load_environment(execution.metadata.id, server)
    variables.require(f"agent {agent.metadata.slug or agent.metadata.name!r}", agent.spec.env)
    model = choose_model(spec.execution_config.model_name, agent.spec.model, agent.spec.script, settings, environment)

    def choose(override: str) -> ModelChoice:
        return choose_model(override, agent.spec.model, agent.spec.script, settings, environment) if override else model

    abilities = AbilityResolver(server, SkillCache(settings.home / "data" / "skills"), variables)
    prices = Prices.load(settings.home, settings.prices)
    segment = Segment(
        execution_id=execution.metadata.id,
        session_id=spec.session_id,
        agent_name=agent.metadata.name or agent.metadata.slug,
        instructions=agent.spec.instructions,
        message=spec.message,
        model=model,
        paths=SessionPaths.of(settings.home, spec.session_id),
        script=agent.spec.script,
        approvals=approvals_of(execution, settings.approval_timeout_seconds),
        environment=variables,
        attachments=tuple(spec.attachments),
        abilities=await abilities.resolve(agent, session, choose),
        limits=limits_of(spec.execution_config, model, prices),
        prices=prices,
        output_schema=schema_of(spec.execution_config),
        plans=only_plans(spec.execution_config),
    )
    files = attachment_note(spec.attachments, spec.workspace_file_refs)
    notices = (*_notices(execution), *_unpriced(segment))
    ready = await with_safety(segment, agent, settings, files)
    return Resolved(ready, notices, spec.execution_config.build_from_plan, _fork_of(session))


async def _found(reading: Awaitable[T], field: str, value: str) -> T:
    try:
        return await reading
    except NotFound as error:
        raise ResolveError(f"{field} is {value!r}, which does not exist (any more)") from error


def _refuse_unsupported(session: session_pb2.Session) -> None:
    """Raise ResolveError for the first declared feature that would silently not work."""
    declared = {
        "spec.workspace_entries of the session": bool(session.spec.workspace_entries),
        "spec.harness CURSOR of the session": session.spec.harness == session_enum_pb2.HARNESS_CURSOR,
        "spec.execution_target CLOUD of the session": (
            session.spec.execution_target == session_enum_pb2.EXECUTION_TARGET_CLOUD
        ),
    }
    for field, is_declared in declared.items():
        if is_declared:
            raise ResolveError(f"{field} is not supported yet by this agent runner; remove it", kind="not_supported")


def _fork_of(session: session_pb2.Session) -> Fork | None:
    spec = session.spec
    return Fork(spec.fork_of_session_id, spec.fork_at_execution_id) if spec.fork_of_session_id else None


def _unpriced(segment: Segment) -> Iterator[Notice]:
    """A word on each model whose cost will be missing: unknown is not nothing."""
    models = (segment.model, *(agent.model for agent in segment.abilities.sub_agents))
    for model in dict.fromkeys(model for model in models if segment.prices.of(model) is None):
        yield Notice(f"unpriced-{model.label}", f"The cost of this execution is not known: {price_missing(model)}")


def _notices(execution: execution_pb2.AgentExecution) -> tuple[Notice, ...]:
    """Hints that are passed over: they change cost or style, never what an agent may do."""
    config = execution.spec.execution_config
    hints = {
        "thinking_mode": config.thinking_mode != enum_pb2.THINKING_MODE_UNSPECIFIED,
        "service_tier": config.service_tier != enum_pb2.SERVICE_TIER_UNSPECIFIED,
        "context_management": config.HasField("context_management"),
    }
    return tuple(
        Notice(f"ignored-{name}", f"spec.execution_config.{name} is not supported yet and has no effect.")
        for name, is_set in hints.items()
        if is_set
    )
