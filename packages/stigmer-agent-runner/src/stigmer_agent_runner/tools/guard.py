"""Stands around the tools of a segment: takes secrets out of what they say, and remembers when text from outside came.

Text from outside (an MCP server, a command with network) may hold instructions of a stranger. No filter recognises
them all, so what they could reach is reduced: from then on sensitive calls of that session need a person's approval.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from functools import partial
from typing import TYPE_CHECKING

from stigmer_agent_runner.errors import ToolError
from stigmer_agent_runner.tools.tool import AfterCrash, ApprovalRule, Tool, Traits
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from stigmer_agent_runner.checkpoints.marks import Marks
    from stigmer_agent_runner.redaction import Redactor
    from stigmer_agent_runner.tools.tool import Invocation

    Approval = Callable[[Mapping[str, Any]], ApprovalRule | None]

__all__ = ["OUTSIDE", "Outside", "guarded"]


OUTSIDE = "read-from-outside"
"""Name of the file, and of the mark, that remembers it."""


class Outside:
    """Whether a session has read text from outside: a file in its folder, so that it stays true over restarts.

    remember: tells those who go on with the session on another machine.
    """

    def __init__(self, session: Path, remember: Callable[[str], Awaitable[None]] | None = None) -> None:
        self._path = session / OUTSIDE
        self._remember = remember

    @classmethod
    async def of(cls, session: Path, marks: Marks) -> Outside:
        """That of a session which may have been elsewhere before."""
        outside = cls(session, partial(marks.put_first, OUTSIDE))
        if known := await marks.get(OUTSIDE):
            await asyncio.to_thread(outside._write, known)
        elif outside.source:
            await marks.put_first(OUTSIDE, outside.source)
        return outside

    @property
    def source(self) -> str:
        """Name of the tool that brought the first such text; empty while there is none."""
        try:
            return self._path.read_text(encoding="utf-8") or "a tool"
        except FileNotFoundError:
            return ""

    async def note(self, tool: str) -> None:
        """Remember it, for good: a conversation does not forget what it has read."""
        if self.source:
            return
        if self._remember is not None:
            await self._remember(tool)
        await asyncio.to_thread(self._write, tool)

    def _write(self, tool: str) -> None:
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - an open file, not a path
            file.write(tool)


def guarded(tools: Iterable[Tool], outside: Outside, redactor: Redactor, policy: str) -> list[Tool]:
    """Return the same tools, guarded. policy: the setting `agent.after_untrusted`."""
    return [_guarded(tool, outside, redactor, policy) for tool in tools]


def _guarded(tool: Tool, outside: Outside, redactor: Redactor, policy: str) -> Tool:
    untrusted = tool.traits.untrusted or bool(tool.traits.mcp_server)

    async def run(call: Invocation) -> str:
        try:
            result = redactor.text(await tool.run(call))
        except ToolError as error:
            if untrusted:
                await outside.note(tool.name)
            raise ToolError(redactor.text(str(error))) from None  # the cause may hold what is taken out here
        if untrusted:
            await outside.note(tool.name)
        return result

    traits = tool.traits
    if _is_sensitive(traits, policy):
        traits = dataclasses.replace(traits, approval=_asking(traits.approval, outside))
    return dataclasses.replace(tool, run=run, traits=traits)


def _is_sensitive(traits: Traits, policy: str) -> bool:
    if policy == "allow":
        return False
    changes_things = bool(traits.mcp_server) and traits.after_crash is AfterCrash.ASK
    return traits.sensitive or (policy == "ask-all" and changes_things)


def _asking(own: Approval | None, outside: Outside) -> Approval:
    """The rule of the tool itself, and ours behind it."""

    def approval(args: Mapping[str, Any]) -> ApprovalRule | None:
        rule = own(args) if own is not None else None
        if rule is not None or not (source := outside.source):
            return rule
        return ApprovalRule(
            f"This conversation has read text from outside ({source}), which may want this call rather than you do.",
            enum_pb2.APPROVAL_POLICY_SOURCE_BUILTIN_CATEGORY,
        )

    return approval
