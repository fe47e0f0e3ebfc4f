"""The contract between the runner and an engine: segment in, events on the way, outcome at the end.

An engine must be resumable: `run` may be called again for the same execution after a crash at any point, and then
continues from what it saved itself. It announces restored turns by the same events again; the status takes them as
one and the same because `turn` and `call_id` are stable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from stigmer_agent_runner.abilities import Abilities
from stigmer_agent_runner.approvals.policy import Approvals, Ask, Decision
from stigmer_agent_runner.engine.limits import Limits
from stigmer_agent_runner.engine.prices import Prices
from stigmer_agent_runner.environment import EMPTY, Environment
from stigmer_agent_runner.redaction import NOTHING, Redactor
from stigmer_agent_runner.sandbox.job import ShellAccess
from stigmer_agent_runner.tools.tool import Toolset
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.providers import ModelChoice
    from stigmer_agent_runner.sessions import SessionPaths
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import spec_pb2, status_pb2


@dataclass(frozen=True, slots=True)
class Segment:
    """Everything an engine needs for one run. `script` is the agent's YAML script, empty when it has none.

    tools: those beside the built-in ones, ready to be called. approvals: who is asked, and what was answered.
    abilities: the MCP servers that tools come from, skills and sub-agents.
    environment: all variables of the execution; secrets in it go to tools that declare them and nowhere else.
    redactor: takes them out of what tools say. shell: what its commands may do. surroundings: what a model must know
    about its workspace, shell and network, for the system prompt. attachments: files that come with the message.
    limits: what the execution may spend. prices: what models cost. output_schema: JSON Schema of the answer; None:
    plain text.
    """

    execution_id: str
    session_id: str
    agent_name: str
    instructions: str
    message: str
    model: ModelChoice
    paths: SessionPaths
    script: str = ""
    tools: Toolset = field(default_factory=Toolset)
    approvals: Approvals = field(default_factory=Approvals)
    abilities: Abilities = field(default_factory=Abilities)
    environment: Environment = field(default=EMPTY, repr=False)
    redactor: Redactor = field(default=NOTHING, repr=False)
    shell: ShellAccess = field(default_factory=ShellAccess)
    surroundings: str = ""
    attachments: tuple[spec_pb2.Attachment, ...] = ()
    limits: Limits = field(default_factory=Limits)
    prices: Prices = field(default_factory=Prices, repr=False)
    output_schema: Mapping[str, Any] | None = None

    @property
    def thread_id(self) -> str:
        """Id of the session's conversation in checkpoints."""
        return f"thread-{self.session_id}"

    def requested(self, turn: int, index: int, call_id: str, name: str, args: Mapping[str, Any]) -> ToolRequested:
        """The event of a call that the model asks for, with what is known of its tool."""
        traits = self.tools.traits(name)
        return ToolRequested(turn, index, call_id, name, args, traits.kind, traits.mcp_server)

    def priced(self, usage: Usage) -> Usage:
        """The usage with what it cost, when the price of the model is known."""
        price = self.prices.of(self.model)
        if price is None:
            return usage
        cost = price.cost(
            given=usage.input, made=usage.output, cache_read=usage.cache_read, cache_write=usage.cache_write
        )
        return replace(usage, cost=cost)


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


@dataclass(frozen=True, slots=True)
class Completed:
    """The agent answered."""

    text: str
    structured: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Yielded:
    """The run stopped where the next segment can go on."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing can go on before a person answers; everything else that could run is done and saved."""

    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The run stopped because the execution was cancelled."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The run cannot answer. `retryable`: another segment may succeed without anybody changing anything."""

    kind: str
    message: str
    retryable: bool = False


Outcome = Completed | Yielded | Waiting | Cancelled | Failed


class StopReason(Enum):
    """Why a run is asked to stop."""

    SLICE = "slice"
    SHUTDOWN = "shutdown"
    CANCEL = "cancel"


@dataclass(slots=True)
class Control:
    """Asks a run to stop at its next safe point. The gravest reason counts: cancel, shutdown, slice."""

    reason: StopReason | None = None
    _event: asyncio.Event = field(default_factory=asyncio.Event)
    _listeners: list[Callable[[StopReason], None]] = field(default_factory=list)

    def request(self, reason: StopReason) -> None:
        """Ask the run to stop. Call it from the event loop's thread."""
        if self.reason is None or reason is not StopReason.SLICE:
            self.reason = StopReason.CANCEL if self.reason is StopReason.CANCEL else reason
        self._event.set()
        for listener in self._listeners:
            listener(self.reason)

    def on_request(self, listener: Callable[[StopReason], None]) -> None:
        """Call `listener` at every request, and at once when there was one already."""
        self._listeners.append(listener)
        if self.reason is not None:
            listener(self.reason)

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for a request, at most `seconds`; True when there is one."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True

    def outcome(self) -> Yielded | Cancelled:
        """What a run that stopped on request returns."""
        return Cancelled() if self.reason is StopReason.CANCEL else Yielded()


class AgentEngine(Protocol):
    """Runs agents. One instance serves every execution of the process."""

    async def run(self, segment: Segment, emit: Emit, control: Control) -> Outcome:
        """Run until the agent answered, failed or `control` asked to stop.

        `emit` never blocks. Faults of models, scripts and agents are outcomes, not exceptions; an exception is a
        defect or a fault of this machine, and the segment is tried again.
        """
        ...
