"""The parts of a stack: one row per program that supervisord runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from stigmer_cli.settings import Settings

TEMPORAL = "temporal"
SERVER = "stigmer-server"
WORKFLOW_RUNNER = "stigmer-workflow-runner"
AGENT_RUNNER = "stigmer-agent-runner"

NAMES = (TEMPORAL, SERVER, WORKFLOW_RUNNER, AGENT_RUNNER)
RUNNERS = (WORKFLOW_RUNNER, AGENT_RUNNER)

CANNOT_START = 3
"""Exit code of a service that no restart can mend (bad settings, port taken): supervisord leaves it alone."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program of supervisord.

    argv: what runs, without the guard. priority: low starts first and stops last. stop_seconds: from SIGTERM to
    SIGKILL, longer than the program's own drain.
    """

    name: str
    argv: tuple[str, ...]
    priority: int
    stop_seconds: int = 15


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", name)  # -P: the home is the working directory and must not be importable


def programs(settings: Settings) -> tuple[Program, ...]:
    """Return what a stack with these settings consists of; Temporal only when it is managed."""
    services = (
        Program(SERVER, _module("stigmer_server"), 20),
        Program(WORKFLOW_RUNNER, _module("stigmer_workflow_runner"), 30),
        Program(AGENT_RUNNER, _module("stigmer_agent_runner"), 30),
    )
    if not settings.managed_temporal:
        return services
    return (Program(TEMPORAL, _module("stigmer_cli.supervision.temporal_process"), 10), *services)
