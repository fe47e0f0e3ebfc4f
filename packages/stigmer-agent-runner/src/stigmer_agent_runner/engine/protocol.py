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
from stigmer_agent_runner.approvals.policy import Approvals, Ask
from stigmer_agent_runner.checkpoints.local import LocalCheckpoints
from stigmer_agent_runner.engine.limits import Limits
from stigmer_agent_runner.engine.prices import Prices
from stigmer_agent_runner.environment import EMPTY, Environment
from stigmer_agent_runner.events import (
    ApprovalGiven,
    ApprovalRequested,
    ArtifactsFound,
    Emit,
    Event,
    MessageDone,
    MessageStarted,
    Notice,
    SubAgentEvent,
    SubAgentStarted,
    TextDelta,
    ToolDone,
    ToolFailed,
    ToolRequested,
    ToolSkipped,
    ToolStarted,
    Usage,
)
from stigmer_agent_runner.redaction import NOTHING, Redactor
from stigmer_agent_runner.sandbox.job import ShellAccess
from stigmer_agent_runner.tools.tool import Toolset

if TYPE_CHECKING:
    from stigmer_agent_runner.checkpoints.protocol import Checkpoints
    from stigmer_agent_runner.engine.providers import ModelChoice
    from stigmer_agent_runner.sessions import SessionPaths
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import spec_pb2

__all__ = [
    "AgentEngine",
    "ApprovalGiven",
    "ApprovalRequested",
    "ArtifactsFound",
    "Cancelled",
    "Completed",
    "Control",
    "Emit",
    "Event",
    "Failed",
    "MessageDone",
    "MessageStarted",
    "Notice",
    "Outcome",
    "Segment",
    "StopReason",
    "SubAgentEvent",
    "SubAgentStarted",
    "TextDelta",
    "ToolDone",
    "ToolFailed",
    "ToolRequested",
    "ToolSkipped",
    "ToolStarted",
    "Usage",
    "Waiting",
    "Yielded",
]


@dataclass(frozen=True, slots=True)
class Segment:
    """Everything an engine needs for one run. `script` is the agent's YAML script, empty when it has none.

    tools: those beside the built-in ones, ready to be called. approvals: who is asked, and what was answered.
    abilities: the MCP servers that tools come from, skills and sub-agents.
    environment: all variables of the execution; secrets in it go to tools that declare them and nowhere else.
    redactor: takes them out of what tools say. shell: what its commands may do. surroundings: what a model must know
    about its workspace, shell and network, for the system prompt. attachments: files that come with the message.
    limits: what the execution may spend. prices: what models cost. output_schema: JSON Schema of the answer; None:
    plain text. plans: it may look, and its answer is a plan. store: where the session remembers; None: in the file of
    its folder.
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
    plans: bool = False
    store: Checkpoints | None = None

    @property
    def checkpoints(self) -> Checkpoints:
        """What the session remembers."""
        return self.store or LocalCheckpoints(self.paths.checkpoints)

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
class Completed:
    """The agent answered. at: where the conversation stands then, in the engine's own words, for a fork."""

    text: str
    structured: Mapping[str, Any] | None = None
    at: str = field(default="", compare=False)


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
