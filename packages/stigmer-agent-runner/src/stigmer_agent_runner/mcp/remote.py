"""What an MCP server offers and answers, in our own words: the SDK's types end in `client`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stigmer_agent_runner.errors import AgentRunnerError

__all__ = ["Answer", "McpError", "McpLost", "RemoteTool", "ResourceTemplate", "Tail"]

_TAIL_BYTES = 4096
_TAIL_LINES = 12


class McpError(AgentRunnerError):
    """An MCP server does not start, does not answer, or breaks its protocol. `kind` is one of the codes below.

    mcp_command_missing, mcp_start_failed, mcp_start_timeout, mcp_unreachable, mcp_auth, mcp_protocol, mcp_lost,
    mcp_call_timeout, mcp_call_failed, mcp_tools_changed.
    """

    kind = "mcp_error"

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class McpLost(McpError):
    """The connection ended while a call was under way: whether the call had its effect is unknown."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="mcp_lost")


@dataclass(frozen=True, slots=True)
class RemoteTool:
    """A tool as its server describes it. `annotations`: the hints of the protocol that are set, by their wire name."""

    name: str
    description: str
    schema: Mapping[str, Any]
    annotations: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The pin: sha256, in hex, over the canonical JSON of everything a model or a policy goes by."""
        facts = [self.name, self.description, self.schema, dict(self.annotations)]
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ResourceTemplate:
    """A resource template as its server describes it."""

    uri_template: str
    name: str
    description: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave, as text for the model. `failed`: the tool itself says that it failed."""

    text: str
    failed: bool


class Tail:
    """The last lines that a server wrote to stderr."""

    def __init__(self) -> None:
        self._data = b""

    def add(self, data: bytes) -> None:
        """Take more bytes in; the oldest go."""
        self._data = (self._data + data)[-_TAIL_BYTES:]

    @property
    def text(self) -> str:
        """The lines, or empty."""
        return "\n".join(self._data.decode("utf-8", errors="replace").strip().splitlines()[-_TAIL_LINES:])

    def appended_to(self, message: str) -> str:
        """A message with the lines behind it, when there are any."""
        return f"{message}\nIts last words on stderr:\n{self.text}" if self.text else message
