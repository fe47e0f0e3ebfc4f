"""Which of an agent's tools a sub-agent may use. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stigmer_agent_runner.tools.tool import Tool, Toolset

if TYPE_CHECKING:
    from stigmer_agent_runner.abilities import McpAccess

__all__ = ["McpTool", "accessible"]


@dataclass(frozen=True, slots=True)
class McpTool(Tool):
    """A tool of an MCP server. remote_name: how the server calls it."""

    remote_name: str = ""


def accessible(tools: Toolset, access: Sequence[McpAccess]) -> tuple[Tool, ...]:
    """The tools of MCP servers among those of an agent that a sub-agent may use."""
    allowed = {item.server: item.enabled for item in access}
    return tuple(
        tool
        for tool in tools.tools.values()
        if isinstance(tool, McpTool)
        and tool.traits.mcp_server in allowed
        and (not allowed[tool.traits.mcp_server] or tool.remote_name in allowed[tool.traits.mcp_server])
    )
