"""What happens in a run, as engines and sources of tools tell it. Part of the contract in engine/protocol.py.

A leaf: whoever tells something needs this and nothing of an engine. An event that is told twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stigmer_agent_runner.approvals.policy import Ask, Decision
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import status_pb2


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call. `input` counts cached tokens too. cost: US dollars; None: the price is not known."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class MessageStarted:
    """The model starts to answer turn `turn` (0 for the first after the user message), or starts it anew."""

    turn: int
    model: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of a turn that is under way."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class MessageDone:
    """A turn is complete; `text` is its whole text."""

    turn: int
    text: str
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class ToolRequested:
    """The model asks for a tool; `index` counts the calls of one turn."""

    turn: int
    index: int
    call_id: str
    name: str
    args: Mapping[str, Any]
    kind: enum_pb2.ToolKind = enum_pb2.TOOL_KIND_UNSPECIFIED
    mcp_server: str = ""


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A requested call is being carried out; `args` when they are not those that the model gave.

    waived_by: the ApprovalPolicySource that let it pass although it would have asked, if one did.
    """

    call_id: str
    args: Mapping[str, Any] | None = None
    waived_by: enum_pb2.ApprovalPolicySource = enum_pb2.APPROVAL_POLICY_SOURCE_UNSPECIFIED


@dataclass(frozen=True, slots=True)
class ToolDone:
    """A call succeeded; `result` is what the model reads."""

    call_id: str
    result: str


@dataclass(frozen=True, slots=True)
class ToolFailed:
    """A call failed; `error` is what the model reads. The run goes on."""

    call_id: str
    error: str


@dataclass(frozen=True, slots=True)
class ToolSkipped:
    """A call was not carried out, because a person or a policy said so; `text` is what the model reads."""

    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """A call waits for a person. patience: seconds after which that counts as a rejection; 0: never."""

    ask: Ask
    patience: float = 0.0


@dataclass(frozen=True, slots=True)
class ApprovalGiven:
    """A call goes on, or is dropped, because of this decision."""

    call_id: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class SubAgentStarted:
    """The call `call_id` has a sub-agent work, or go on working. input: its task. subject: a few words for people.

    It ends with the call.
    """

    call_id: str
    name: str
    input: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class SubAgentEvent:
    """Something happened inside the sub-agent that works for the call `call_id`; turns count from 0 in there."""

    call_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class ArtifactsFound:
    """The files that the execution has left in the workspace so far; all of them, every time."""

    artifacts: tuple[status_pb2.ExecutionArtifact, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark for the user, for example "the model is busy, next attempt in 2 s". `key` makes a repeat replace it."""

    key: str
    text: str


Event = (
    MessageStarted
    | TextDelta
    | MessageDone
    | ToolRequested
    | ToolStarted
    | ToolDone
    | ToolFailed
    | ToolSkipped
    | ApprovalRequested
    | ApprovalGiven
    | SubAgentStarted
    | SubAgentEvent
    | ArtifactsFound
    | Notice
)
Emit = Callable[[Event], None]
