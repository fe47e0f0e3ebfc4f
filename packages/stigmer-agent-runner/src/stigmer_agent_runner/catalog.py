"""From what agent and session declare of MCP servers, skills and sub-agents to what engines and tools work with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from stigmer_agent_runner.abilities import Abilities, McpAccess, ServerUse, SubAgent
from stigmer_agent_runner.errors import ResolveError
from stigmer_agent_runner.mcp.config import config_of
from stigmer_agent_runner.mcp.source import quarantined
from stigmer_api._pb.ai.stigmer.commons.apiresource.io_pb2 import ApiResourceReference
from stigmer_api._pb.stigmer.runtime.v1.mcp_pb2 import QuarantineRequest
from stigmer_api.errors import NotFound

if TYPE_CHECKING:
    from stigmer_agent_runner.abilities import Skill
    from stigmer_agent_runner.engine.providers import ModelChoice
    from stigmer_agent_runner.environment import Environment
    from stigmer_agent_runner.mcp.source import Quarantine
    from stigmer_agent_runner.server import Server
    from stigmer_agent_runner.skills.cache import SkillCache
    from stigmer_api._pb.ai.stigmer.agentic.agent.v1 import api_pb2 as agent_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agent.v1 import spec_pb2
    from stigmer_api._pb.ai.stigmer.agentic.session.v1 import api_pb2 as session_pb2

__all__ = ["AbilityResolver", "quarantine_by"]

_DEFAULT_ORG = "local"
_T = TypeVar("_T")


class AbilityResolver:
    """Resolves for one execution. Every method raises ResolveError for what its author can mend, ApiError otherwise."""

    def __init__(self, server: Server, cache: SkillCache, variables: Environment) -> None:
        self._server = server
        self._cache = cache
        self._variables = variables

    async def resolve(
        self, agent: agent_pb2.Agent, session: session_pb2.Session, choose: Callable[[str], ModelChoice]
    ) -> Abilities:
        """Return everything; `choose` gives the model of a sub-agent for its model_override."""
        org = agent.metadata.org or _DEFAULT_ORG
        servers = await self._servers(
            [(item, org) for item in agent.spec.mcp_server_usages]
            + [(item, session.metadata.org or org) for item in session.spec.mcp_server_usages]
        )
        skills = await self._skills([*agent.spec.skill_refs, *session.spec.skill_refs], org)
        known = {use.config.slug for use in servers}
        names: set[str] = set()
        sub_agents = []
        for at, item in enumerate(agent.spec.sub_agents):
            where = f"spec.sub_agents[{at}] of the agent"
            if item.name in names:
                raise ResolveError(f"{where}: the name {item.name!r} is taken by another sub-agent")
            names.add(item.name)
            sub_agents.append(
                SubAgent(
                    name=item.name,
                    description=item.description,
                    instructions=item.instructions,
                    model=choose(item.model_override),
                    access=_access(where, item, known),
                    skills=await self._skills(item.skill_refs, org),
                )
            )
        return Abilities(servers, skills, tuple(sub_agents))

    async def _servers(self, usages: Sequence[tuple[spec_pb2.McpServerUsage, str]]) -> tuple[ServerUse, ...]:
        """The servers by slug; what the session says of one takes the place of what the agent says."""
        found = await asyncio.gather(*(self._server_use(usage, org) for usage, org in usages))
        by_slug = {use.config.slug: use for use in found}
        return tuple(by_slug.values())

    async def _server_use(self, usage: spec_pb2.McpServerUsage, org: str) -> ServerUse:
        reference = _with_org(usage.mcp_server_ref, org)
        server = await _found(self._server.mcp_server(reference), "MCP server", reference)
        if server.status.quarantined_tools:
            raise quarantined(server.metadata.slug, list(server.status.quarantined_tools))
        found = server.status.discovered_capabilities.tools
        return ServerUse(
            config=config_of(server, self._variables),
            enabled=tuple(usage.enabled_tools or server.spec.default_enabled_tools),
            pins={tool.name: tool.digest for tool in found if tool.digest},
            overrides=tuple(usage.tool_approval_overrides),
            pinned=tuple(server.spec.pinned_tool_approvals),
            found=tuple(server.status.tool_approvals),
        )

    async def _skills(self, references: Iterable[ApiResourceReference], org: str) -> tuple[Skill, ...]:
        async def one(reference: ApiResourceReference) -> Skill:
            skill = await _found(self._server.skill(reference), "skill", reference)
            return await self._cache.get(skill, self._server.skill_artifact)

        skills = await asyncio.gather(*(one(_with_org(reference, org)) for reference in references))
        return tuple({skill.name: skill for skill in skills}.values())


def quarantine_by(server: Server) -> Quarantine:
    """Return what tells the server about changed tools."""

    async def quarantine(use: ServerUse, changed: Sequence[str]) -> None:
        await server.quarantine(QuarantineRequest(mcp_server_id=use.config.id, tools=changed, pins=use.pins))

    return quarantine


def _access(where: str, item: spec_pb2.SubAgent, known: set[str]) -> tuple[McpAccess, ...]:
    for access in item.mcp_access:
        if access.mcp_server not in known:
            has = ", ".join(sorted(known)) or "none"
            raise ResolveError(
                f"{where} uses the MCP server {access.mcp_server!r}, which the agent itself does not use; it uses {has}"
            )
    return tuple(McpAccess(access.mcp_server, tuple(access.enabled_tools)) for access in item.mcp_access)


async def _found(reading: Awaitable[_T], what: str, reference: ApiResourceReference) -> _T:
    try:
        return await reading
    except NotFound as error:
        version = f" in version {reference.version!r}" if reference.version else ""
        raise ResolveError(f"the {what} {reference.slug!r} of org {reference.org!r} does not exist{version}") from error


def _with_org(reference: ApiResourceReference, org: str) -> ApiResourceReference:
    full = ApiResourceReference()
    full.CopyFrom(reference)
    full.org = reference.org or org
    return full
