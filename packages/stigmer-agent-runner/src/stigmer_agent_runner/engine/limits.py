"""What an execution may spend, what it has spent, and the last turn that it gets when a limit is reached.

Spending is kept beside the checkpoints, so that neither a restart nor a sub-agent makes anybody forget it.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stigmer_agent_runner.checkpoints.protocol import Checkpoints
    from stigmer_agent_runner.engine.protocol import Segment, Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """0 means no limit. rounds: turns that call tools. tokens: of all model calls. cost: US dollars. seconds: of work,
    without waits for people. result_chars: of one tool result, for the model.
    """

    rounds: int = 0
    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    result_chars: int = 0

    @property
    def are_counted(self) -> bool:
        """Whether anything must be written down to keep them."""
        return bool(self.tokens or self.cost or self.seconds)

    def shortened(self, text: str) -> str:
        """A tool result within its limit: its beginning, its end, and a word on what is missing between."""
        if not self.result_chars or len(text) <= self.result_chars:
            return text
        head = self.result_chars * 4 // 5
        tail = self.result_chars - head
        return f"{text[:head]}\n[… {len(text) - head - tail} characters are left out]\n{text[len(text) - tail :]}"


@dataclass(frozen=True, slots=True)
class Spent:
    """What an execution has spent so far."""

    tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class Spending:
    """The spending of one execution."""

    checkpoints: Checkpoints
    execution_id: str
    limits: Limits
    _started: float = field(default_factory=time.monotonic)
    _run: str = field(default_factory=lambda: f"work/{uuid.uuid4().hex}")

    @classmethod
    def of(cls, segment: Segment) -> Spending:
        """The spending of a segment's execution."""
        return cls(segment.checkpoints, segment.execution_id, segment.limits)

    async def note(self, who: str, turn: int, usage: Usage | None) -> None:
        """Write a model call down; the same call again replaces itself. who: the run that it belongs to."""
        if usage is None or not self.limits.are_counted:
            return
        await self._put(who, turn, Spent(usage.input + usage.output, usage.cost or 0.0))

    async def reached(self, rounds: int) -> str:
        """The limit that is reached, in words; empty while there is none. rounds: turns with tool calls so far."""
        limits = self.limits
        if limits.rounds and rounds >= limits.rounds:
            return f"{limits.rounds} tool rounds (max_tool_rounds)"
        if not limits.are_counted:
            return ""
        spent = await self._spent()
        if limits.tokens and spent.tokens >= limits.tokens:
            return f"{limits.tokens} tokens (max_total_tokens; used: {spent.tokens})"
        if limits.cost and spent.cost >= limits.cost:
            return f"{limits.cost:g} US dollars (max_cost_usd; spent: {spent.cost:.4f})"
        if limits.seconds and spent.seconds >= limits.seconds:
            return f"{limits.seconds:g} seconds of work (max_work_seconds)"
        return ""

    async def _spent(self) -> Spent:
        await self._put(self._run, 0, Spent(seconds=time.monotonic() - self._started))
        [row] = await self.checkpoints.execute(
            "SELECT COALESCE(SUM(tokens), 0), COALESCE(SUM(cost), 0), COALESCE(SUM(seconds), 0)"
            " FROM model_calls WHERE execution_id = ?",
            (self.execution_id,),
        )
        return Spent(int(row[0]), float(row[1]), float(row[2]))

    async def _put(self, who: str, turn: int, spent: Spent) -> None:
        await self.checkpoints.execute(
            "INSERT INTO model_calls VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (execution_id, who, turn)"
            " DO UPDATE SET tokens = excluded.tokens, cost = excluded.cost, seconds = excluded.seconds",
            (self.execution_id, who, turn, spent.tokens, spent.cost, spent.seconds),
        )


def last_turn(limit: str) -> str:
    """What the model is told when a limit is reached."""
    return (
        f"This run has reached its limit of {limit}. You cannot call tools any more. Answer now: say what you have"
        " done, what you found, and what is left to do."
    )


def notice_of(limit: str) -> str:
    """What the user is told when a limit is reached."""
    return f"The limit of {limit} is reached: the agent sums up and ends."
