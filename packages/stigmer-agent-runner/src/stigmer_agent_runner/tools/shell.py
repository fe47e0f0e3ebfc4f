"""The tool `execute`: shell commands in the session's workspace, in the sandbox in force."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.sandbox.active import active
from stigmer_agent_runner.sandbox.job import Finished, Job, Limits
from stigmer_agent_runner.sandbox.places import remove_stale
from stigmer_agent_runner.sandbox.run import run_job
from stigmer_agent_runner.tools.tool import AfterCrash, Invocation, Tool, Traits
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api.sandbox import NONE, UNSAFE, Choice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from stigmer_agent_runner.engine.protocol import Emit, Segment
    from stigmer_agent_runner.settings import Settings

__all__ = ["EXECUTE", "ShellSource"]

_log = structlog.get_logger(__name__)

EXECUTE = "execute"

_LONGER = 5
"""A model may ask for so many times the usual seconds."""

_DESCRIPTION = (
    "Run a command with /bin/sh in the workspace and get its output (stdout and stderr together) and its exit code."
    " Every call is a new shell: no folder, variable or background process stays, files do."
)


class ShellSource:
    """The source of `execute` for every agent that may have it."""

    def __init__(self, settings: Settings) -> None:
        self._setting = settings.sandbox
        self._limits = Limits(
            seconds=settings.command_seconds,
            memory_bytes=settings.command_memory_mb * 1024 * 1024,
            processes=settings.command_processes,
        )

    @contextlib.asynccontextmanager
    async def open(self, segment: Segment, _emit: Emit) -> AsyncIterator[Sequence[Tool]]:
        """See ToolSource. Without a sandbox the tool is there and says why it refuses."""
        if not segment.shell.enabled or self._setting == NONE:
            yield ()
            return
        choice = await asyncio.to_thread(active, self._setting)
        await asyncio.to_thread(remove_stale, segment.paths.root)
        yield (_Shell(segment, choice, self._limits).tool(),)


class _Shell:
    """The shell of one segment."""

    def __init__(self, segment: Segment, choice: Choice, limits: Limits) -> None:
        self._segment = segment
        self._choice = choice
        self._limits = limits

    def tool(self) -> Tool:
        reaches_out = self._segment.shell.network or self._choice.kind == UNSAFE
        seconds = self._limits.seconds
        return Tool(
            EXECUTE,
            _DESCRIPTION if self._choice.kind != NONE else f"Refuses: {self._choice.reason}.",
            {
                "type": "object",
                "properties": {
                    "command": {"type": "string", "description": "The command line."},
                    "timeout": {
                        "type": "integer",
                        "description": f"Seconds until it is ended; {seconds:g} when not given, at most"
                        f" {seconds * _LONGER:g}.",
                    },
                },
                "required": ["command"],
                "additionalProperties": False,
            },
            self.run,
            # What a command did in the workspace can be looked at; what it did elsewhere cannot.
            Traits(
                after_crash=AfterCrash.ASK if reaches_out else AfterCrash.TELL,
                kind=enum_pb2.TOOL_KIND_SHELL,
                untrusted=reaches_out,
                sensitive=reaches_out,
            ),
        )

    async def run(self, call: Invocation) -> str:
        job = Job(
            command=_command(call.args),
            workspace=self._segment.paths.workspace,
            environment=self._segment.shell.variables,
            skills=_skills(self._segment),
            network=self._segment.shell.network,
            limits=_limits(self._limits, call.args),
        )
        finished = await run_job(self._choice, job)
        _log.info("command done", sandbox=self._choice.kind, exit_code=finished.code, ended_by=finished.why or None)
        return _told(finished, job.limits)


def _skills(segment: Segment) -> dict[str, Path]:
    """The skills of the agent and of its sub-agents, which share the shell."""
    abilities = segment.abilities
    found = [skill for agent in abilities.sub_agents for skill in agent.skills]
    return {skill.name: skill.root for skill in (*found, *abilities.skills)}


def _command(args: Mapping[str, object]) -> str:
    command = args.get("command")
    if not isinstance(command, str) or not command.strip():
        raise ToolError("execute needs the argument 'command', a text")
    unknown = sorted(set(args) - {"command", "timeout"})
    if unknown:
        raise ToolError(f"execute takes no argument {unknown[0]!r}; it takes command, timeout")
    return command


def _limits(limits: Limits, args: Mapping[str, object]) -> Limits:
    seconds, most = args.get("timeout"), limits.seconds * _LONGER
    if seconds is None:
        return limits
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= most:
        raise ToolError(f"execute: 'timeout' must be seconds, more than 0 and at most {most:g}")
    return Limits(
        seconds=float(seconds),
        memory_bytes=limits.memory_bytes,
        processes=limits.processes,
    )


def _told(finished: Finished, limits: Limits) -> str:
    """What the model reads."""
    reasons = {
        "time": f"it ran longer than {limits.seconds:g} s",
        "processes": f"it had more than {limits.processes} processes at once",
        "memory": f"it held more than {limits.memory_bytes // (1024 * 1024)} MiB of memory",
        "output": f"it wrote more than {limits.output_bytes // (1024 * 1024)} MiB",
        "stopped": "it was stopped",
    }
    text = finished.output.rstrip("\n")
    if finished.why:
        remark = f"[the command was ended: {reasons[finished.why]}]"
    elif finished.code:
        remark = f"[exit code {finished.code}]"
    else:
        return text or "[no output]"
    return f"{text}\n{remark}" if text else remark
