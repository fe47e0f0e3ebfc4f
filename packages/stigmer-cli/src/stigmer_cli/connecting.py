"""Shows what connecting an MCP server found, and how that differs from before."""

from __future__ import annotations

from typing import Any

from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import enum_pb2
from stigmer_cli.errors import RequestFailedError
from stigmer_cli.output import NONE, table
from stigmer_cli.terminal import say

_WIDEST = 60


def raise_if_failed(server: Any) -> None:
    """Raise when the last attempt failed."""
    status = server.status.connect_status
    if status.phase == enum_pb2.connect_phase_failed:
        message, *details = status.failure_message.splitlines() or [status.failure_code]
        hint = f"see `stigmer-ctl get mcp/{server.metadata.slug} -o yaml`"
        raise RequestFailedError(message, hint=hint, details=details)


def tool_table(before: Any, after: Any) -> str:
    """One line per tool: what changed about it, whether it asks before it runs, and its description."""
    old = {tool.name: tool.digest for tool in before.status.discovered_capabilities.tools}
    asks = {item.tool_name for item in (*after.status.tool_approvals, *after.spec.pinned_tool_approvals)}
    rows = []
    for tool in sorted(after.status.discovered_capabilities.tools, key=lambda tool: str(tool.name)):
        state = "new" if tool.name not in old else "pinned" if old[tool.name] == tool.digest else "changed"
        text = " ".join(tool.description.split()) or NONE
        short = text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
        rows.append((tool.name, state if old else "pinned", "asks" if tool.name in asks else "-", short))
    gone = old.keys() - {row[0] for row in rows}
    rows += [(name, "gone", "-", NONE) for name in sorted(gone)]
    return table(("TOOL", "PIN", "APPROVAL", "DESCRIPTION"), rows)


def say_warnings(server: Any) -> None:
    """Write what to mind to stderr."""
    if server.status.connect_status.warning:
        say(f"note: {server.status.connect_status.warning}")
