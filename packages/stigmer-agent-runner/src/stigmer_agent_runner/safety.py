"""What guards one run: its secrets and what takes them out of texts, what commands may do, what a model is told."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from typing import TYPE_CHECKING

from stigmer_agent_runner.redaction import Redactor
from stigmer_agent_runner.sandbox.active import active, surroundings
from stigmer_agent_runner.sandbox.job import ShellAccess

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.protocol import Segment
    from stigmer_agent_runner.settings import Settings
    from stigmer_api._pb.ai.stigmer.agentic.agent.v1 import api_pb2 as agent_pb2

__all__ = ["own_secrets", "secrets_of", "with_safety"]


async def with_safety(segment: Segment, agent: agent_pb2.Agent, settings: Settings, files: str) -> Segment:
    """Return the segment with its guards: the agent's commands get the variables that it declares, and no others.

    files: what a model is told about the files of the message.
    """
    redactor = Redactor({**own_secrets(settings), **secrets_of(segment)})
    shell = ShellAccess(
        enabled=not agent.spec.without_shell,
        network=agent.spec.network,
        variables=segment.environment.of(agent.spec.env),
    )
    choice = await asyncio.to_thread(active, settings.sandbox)
    return dataclasses.replace(
        segment,
        message=redactor.text(segment.message),
        instructions=redactor.text(segment.instructions),
        redactor=redactor,
        shell=shell,
        surroundings=" ".join(
            filter(None, (surroundings(choice, shell, skills=bool(segment.abilities.skills)), redactor.text(files)))
        ),
    )


def secrets_of(segment: Segment) -> dict[str, str]:
    """The secrets of one run: its variables, and the key of its model's endpoint."""
    key = segment.model.api_key
    return {**({"LLM_API_KEY": key} if key else {}), **segment.environment.secrets}


def own_secrets(settings: Settings) -> dict[str, str]:
    """The secrets of this process itself."""
    found = {"STIGMER_TOKEN": settings.token.get_secret_value(), "LLM_API_KEY": settings.llm_api_key.get_secret_value()}
    if not found["STIGMER_TOKEN"]:
        with contextlib.suppress(OSError, UnicodeDecodeError):  # nobody could have started a run without it
            found["STIGMER_TOKEN"] = (settings.home / "token").read_text(encoding="ascii").strip()
    return {name: value for name, value in found.items() if value}
