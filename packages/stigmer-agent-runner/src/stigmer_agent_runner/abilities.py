"""What an agent declares beside its instructions: MCP servers, skills and sub-agents, resolved. Data for the engines
and for the sources of tools; where it comes from is not their business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from stigmer_agent_runner.engine.providers import ModelChoice
    from stigmer_agent_runner.mcp.config import ServerConfig

__all__ = ["SKILLS_ROOT", "Abilities", "McpAccess", "ServerUse", "Skill", "SubAgent"]

SKILLS_ROOT = "/skills"
"""Where the file tools see the skills of an agent: read-only, one folder for each."""


@dataclass(frozen=True, slots=True)
class ServerUse:
    """How an agent uses one MCP server.

    enabled: names of tools, empty for all. pins: tool name to digest, as the last connect saw them. overrides, pinned
    and found: approval policies of the agent's usage, of the server's spec and of its discovery.
    """

    config: ServerConfig
    enabled: tuple[str, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[Any] = ()
    pinned: Sequence[Any] = ()
    found: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill on this machine. name: also its folder below SKILLS_ROOT. root: the real folder, which nobody writes to.

    text: its SKILL.md without front matter. always: its text belongs into the instructions whatever its length.
    """

    name: str
    description: str
    version_hash: str
    root: Path
    text: str = field(repr=False)
    always: bool = False


@dataclass(frozen=True, slots=True)
class McpAccess:
    """Tools of a server that a sub-agent may use, by the server's own names; empty: all that the agent has."""

    server: str
    enabled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubAgent:
    """An agent that another one delegates to. It has the file tools of the session, and of the servers what it says."""

    name: str
    description: str
    instructions: str
    model: ModelChoice
    access: tuple[McpAccess, ...] = ()
    skills: tuple[Skill, ...] = ()


@dataclass(frozen=True, slots=True)
class Abilities:
    """All of it, of one agent."""

    servers: tuple[ServerUse, ...] = ()
    skills: tuple[Skill, ...] = ()
    sub_agents: tuple[SubAgent, ...] = ()
