"""The kinds with behaviour of their own, one file each. A kind without a file behaves like every other.

A file here must not import another one: what two kinds share is in `resources` or `executions`.
"""

from __future__ import annotations

from stigmer_server.kinds import (
    agent,
    agent_execution,
    agent_instance,
    artifact,
    environment,
    execution_context,
    mcp_server,
    memory,
    schedule,
    session,
    skill,
    workflow,
    workflow_execution,
    workflow_instance,
)

__all__ = ["REGISTRATIONS"]

REGISTRATIONS = (
    agent.REGISTRATION,
    agent_execution.REGISTRATION,
    agent_instance.REGISTRATION,
    artifact.REGISTRATION,
    environment.REGISTRATION,
    execution_context.REGISTRATION,
    mcp_server.REGISTRATION,
    memory.REGISTRATION,
    schedule.REGISTRATION,
    session.REGISTRATION,
    skill.REGISTRATION,
    workflow.REGISTRATION,
    workflow_execution.REGISTRATION,
    workflow_instance.REGISTRATION,
)
