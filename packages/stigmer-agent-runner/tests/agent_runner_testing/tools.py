"""A tool that writes a log of its own, beside the runner: what really happened, however often the runner died."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.tools.tool import AfterCrash, ApprovalRule, Invocation, Tool, Traits

SAYS = "NOTEBOOK_SAYS"
"""Variable of the runner: what every note says at its end."""

SCHEMA = {"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]}


class Notebook:
    """Makes tools that append a line per call to `path`. hold: calls wait for it before they write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hold: asyncio.Event | None = None
        self._holding = 0
        self._arrived = asyncio.Condition()

    @property
    def lines(self) -> list[str]:
        """What was noted, in order."""
        return self.path.read_text().splitlines() if self.path.exists() else []

    async def held(self, calls: int) -> None:
        """Return when so many calls wait for `hold`."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self._holding >= calls)

    def tool(
        self, name: str = "note", *, asks: str = "", after_crash: AfterCrash = AfterCrash.ASK, server: str = ""
    ) -> Tool:
        """One tool. asks: why it needs approval; empty: it needs none."""
        rule = ApprovalRule(asks) if asks else None
        approval: Callable[[Any], ApprovalRule | None] | None = (lambda _args: rule) if rule else None
        traits = Traits(approval, after_crash, mcp_server=server)
        return Tool(name, "Takes a note.", SCHEMA, self._run, traits)

    async def _run(self, invocation: Invocation) -> str:
        note = str(invocation.args.get("note", ""))
        if note == "refuse":
            raise ToolError("this note is refused")
        if note == "break":
            raise ValueError("broken")
        if self.hold is not None:
            async with self._arrived:
                self._holding += 1
                self._arrived.notify_all()
            await self.hold.wait()
        with self.path.open("a") as file:
            file.write(f"{note}\n")
        return f"noted {note} ({invocation.idempotency_key.partition(':')[0]}){os.environ.get(SAYS, '')}"

    @contextlib.asynccontextmanager
    async def open(self, segment: Any, emit: Any) -> AsyncIterator[Sequence[Tool]]:
        """As a source of tools."""
        yield [
            self.tool(),
            self.tool("ask_first", asks="it is the rule"),
            self.tool("safe", after_crash=AfterCrash.RERUN),
        ]
