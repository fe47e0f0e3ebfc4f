"""What a tool is to the runner, whichever engine runs it: a schema, a function, and what must be known before a call.

A source of tools (MCP servers, a shell) makes `Tool`s; the segment opens every source once and both engines use the
same set. The tools that an engine brings itself have only traits here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from stigmer_agent_runner.errors import ToolError
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.protocol import Emit, Segment


class AfterCrash(Enum):
    """What to do with a call that was under way when the runner died, so that nobody knows whether it happened."""

    RERUN = "rerun"
    """Run it again: it changes nothing, or running it twice is the same as running it once."""
    ASK = "ask"
    """Ask a person: run it again, or skip it."""
    TELL = "tell"
    """Tell the model that the outcome is unknown; it can look by itself."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """A call needs a person's approval. message: why, for that person. source: an ApprovalPolicySource."""

    message: str
    source: enum_pb2.ApprovalPolicySource = enum_pb2.APPROVAL_POLICY_SOURCE_UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Traits:
    """What must be known about a tool before it is called.

    approval: given the arguments of a call, the rule that asks for approval, or None. kind: a ToolKind.
    mcp_server: slug of the MCP server that the tool belongs to. untrusted: its results come from outside, as those of
    MCP servers always do. sensitive: a call needs approval once a conversation holds such a result (tools/guard.py).
    reads_only: a call changes nothing, so that an execution that only plans may make it.
    """

    approval: Callable[[Mapping[str, Any]], ApprovalRule | None] | None = None
    after_crash: AfterCrash = AfterCrash.ASK
    kind: enum_pb2.ToolKind = enum_pb2.TOOL_KIND_UNSPECIFIED
    mcp_server: str = ""
    untrusted: bool = False
    sensitive: bool = False
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a tool. args: what the model gave, or what a person made of it."""

    execution_id: str
    call_id: str
    args: Mapping[str, Any]

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt at this call: for tools that can recognise a repetition."""
        return f"{self.execution_id}:{self.call_id}"


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. parameters: JSON Schema of an object. run: returns what the model reads; ToolError is read too."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    run: Callable[[Invocation], Awaitable[str]]
    traits: Traits = field(default_factory=Traits)


class ToolSource(Protocol):
    """Where tools come from. One instance serves the process; see worker.py for the list."""

    def open(self, segment: Segment, emit: Emit) -> AbstractAsyncContextManager[Sequence[Tool]]:
        """Return the tools of a segment, usable until the context ends; nothing when the agent declares none.

        ToolError or ResolveError: the execution fails with that text.
        """
        ...


_READS = Traits(after_crash=AfterCrash.RERUN, reads_only=True)

BUILTIN: Mapping[str, Traits] = {
    "ls": _READS,
    "read_file": _READS,
    "glob": _READS,
    "grep": _READS,
    "write_file": Traits(after_crash=AfterCrash.RERUN),  # the same content again
    "edit_file": Traits(after_crash=AfterCrash.TELL),  # a second edit may change the text again
    "delete": Traits(after_crash=AfterCrash.RERUN),
    "write_todos": _READS,  # nobody else sees them
    "task": _READS,  # a sub-agent goes on from its own checkpoint, and what binds its agent binds it
}
"""Tools that the engines bring. They act inside the session's workspace only, so none of them asks."""

_UNKNOWN = Traits(after_crash=AfterCrash.RERUN)
"""Of a tool that does not exist: calling it only gives an error."""


@dataclass(frozen=True, slots=True)
class Toolset:
    """The tools of one segment beside the built-in ones."""

    tools: Mapping[str, Tool] = field(default_factory=dict)

    @classmethod
    def of(cls, tools: Sequence[Tool]) -> Toolset:
        """Make a set; ToolError when two tools have the same name or one takes the name of a built-in tool."""
        found: dict[str, Tool] = {}
        for tool in tools:
            if tool.name in found or tool.name in BUILTIN:
                raise ToolError(f"two tools of this agent are called {tool.name!r}; enable only one of them")
            found[tool.name] = tool
        return cls(found)

    def traits(self, name: str) -> Traits:
        """The traits of a tool, built-in or not."""
        tool = self.tools.get(name)
        return tool.traits if tool is not None else BUILTIN.get(name, _UNKNOWN)
