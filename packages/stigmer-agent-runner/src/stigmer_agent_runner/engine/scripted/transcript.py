"""What the engine `scripted` remembers, in its own table of the session's checkpoints.

An assistant turn is written when it is complete, a tool result as soon as the tool is done: what stands here is never
done again. Every write is idempotent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stigmer_agent_runner.checkpoints.protocol import Checkpoints


@dataclass(frozen=True, slots=True)
class SavedCall:
    """A tool call of a saved turn, templates filled in. approval: why the script wants a person asked."""

    call_id: str
    tool: str
    args: Mapping[str, Any]
    approval: str = ""


@dataclass(frozen=True, slots=True)
class SavedResult:
    """What a tool call gave. ending: value of an engine.gate.Ending."""

    text: str
    ending: str = "done"


@dataclass(frozen=True, slots=True)
class SavedTurn:
    """A complete assistant turn. usage: input and output tokens."""

    say: str
    calls: tuple[SavedCall, ...] = ()
    usage: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Progress:
    """How far an execution is: its turns in order and the results of their calls by call id."""

    turns: list[SavedTurn] = field(default_factory=list)
    results: dict[str, SavedResult] = field(default_factory=dict)

    def last_results(self) -> dict[str, str]:
        """Last text of each tool, for templates and expectations."""
        found: dict[str, str] = {}
        for turn in self.turns:
            for call in turn.calls:
                if call.call_id in self.results:
                    found[call.tool] = self.results[call.call_id].text
        return found


class Transcript:
    """The saved turns of one execution."""

    def __init__(self, checkpoints: Checkpoints, execution_id: str) -> None:
        self._checkpoints = checkpoints
        self._execution_id = execution_id

    async def open(self, message: str) -> Progress:
        """Note the user message, once however often it is delivered, and return how far the execution is."""
        progress = Progress()
        await self._put("user", {"text": message})
        rows = await self._checkpoints.execute(
            "SELECT entry, body FROM scripted_entries WHERE execution_id = ? ORDER BY position",
            (self._execution_id,),
        )
        for entry, body in rows:
            kind, _, key = str(entry).partition("/")
            data = json.loads(body)
            if kind == "turn":
                progress.turns.append(_turn(data))
            elif kind == "result":
                progress.results[key] = SavedResult(data["text"], data["ending"])
        return progress

    async def save_turn(self, number: int, turn: SavedTurn) -> None:
        """Save a complete turn."""
        calls = [
            {"id": call.call_id, "tool": call.tool, "args": call.args, "approval": call.approval} for call in turn.calls
        ]
        await self._put(f"turn/{number}", {"say": turn.say, "calls": calls, "usage": turn.usage})

    async def save_result(self, call_id: str, result: SavedResult) -> None:
        """Save what a tool call gave."""
        await self._put(f"result/{call_id}", {"text": result.text, "ending": result.ending})

    async def _put(self, entry: str, body: Mapping[str, Any]) -> None:
        await self._checkpoints.execute(
            "INSERT INTO scripted_entries (execution_id, entry, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (self._execution_id, entry, json.dumps(body)),
        )


def _turn(data: Mapping[str, Any]) -> SavedTurn:
    calls = tuple(SavedCall(call["id"], call["tool"], call["args"], call.get("approval", "")) for call in data["calls"])
    return SavedTurn(data["say"], calls, (data["usage"][0], data["usage"][1]))
