"""Tool pins: what was seen when a server was connected must be what is there when an agent uses it. Pure.

A server whose pinned tools changed is quarantined: none of its tools run until somebody looks at it and connects it
again. Tools that came in addition are left out, and tools that are gone are simply not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stigmer_agent_runner.mcp.remote import RemoteTool

__all__ = ["PinCheck", "check_pins"]


@dataclass(frozen=True, slots=True)
class PinCheck:
    """changed and added: names of tools, sorted. `pinned`: whether the server has pins at all."""

    pinned: bool
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def check_pins(pins: Mapping[str, str], tools: Iterable[RemoteTool]) -> PinCheck:
    """Hold the tools that a server lists now against its pins (tool name to digest); no pins, no judgement."""
    if not pins:
        return PinCheck(pinned=False)
    changed, added = [], []
    for tool in tools:
        if tool.name not in pins:
            added.append(tool.name)
        elif tool.digest != pins[tool.name]:
            changed.append(tool.name)
    return PinCheck(True, tuple(sorted(changed)), tuple(sorted(added)))
