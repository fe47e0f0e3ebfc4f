"""What both engines mean by delegating to a sub-agent: the tool's name, and the run that a sub-agent gets."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from stigmer_agent_runner.abilities import Abilities
from stigmer_agent_runner.tools.access import accessible
from stigmer_agent_runner.tools.tool import Toolset

if TYPE_CHECKING:
    from stigmer_agent_runner.abilities import SubAgent
    from stigmer_agent_runner.engine.protocol import Segment

__all__ = ["DELEGATION", "segment_for", "subject_of"]

DELEGATION = "task"
"""Name of the tool that has a sub-agent work; its arguments are `description` and `subagent_type`."""

_SUBJECT = 80


def segment_for(segment: Segment, agent: SubAgent, task: str) -> Segment:
    """Return what a sub-agent works with: the session of its agent, and of everything else what it declares itself.

    Tools that are of no MCP server (a shell) are the session's, so it has them too. It has no sub-agents of its own.
    """
    own = [tool for tool in segment.tools.tools.values() if not tool.traits.mcp_server]
    return dataclasses.replace(
        segment,
        agent_name=agent.name,
        instructions=agent.instructions,
        message=task,
        model=agent.model,
        tools=Toolset.of([*own, *accessible(segment.tools, agent.access)]),
        abilities=Abilities(skills=agent.skills),
        output_schema=None,
    )


def subject_of(task: str) -> str:
    """The first words of a task, for people."""
    line = " ".join(task.split())
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1]}…"
