"""Runs one declared tool: whatever it does, the model reads something and the run goes on."""

from __future__ import annotations

import structlog

from stigmer_agent_runner.engine.gate import Answer, Ending
from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.tools.tool import Invocation, Tool

_log = structlog.get_logger(__name__)


async def run_tool(tool: Tool, invocation: Invocation) -> Answer:
    """Return the result of a call, or its error as the model reads it."""
    try:
        return Answer(await tool.run(invocation))
    except ToolError as error:
        return Answer(f"Error: {error}", Ending.FAILED)
    except Exception as error:  # noqa: BLE001 - the edge between the run and whatever a tool does
        _log.exception("tool broke", tool=tool.name)
        return Answer(f"Error: {type(error).__name__}: {error}", Ending.FAILED)
