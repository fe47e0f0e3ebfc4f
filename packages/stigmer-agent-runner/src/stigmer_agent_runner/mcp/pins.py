"""Tool pins: what was seen when a server was connected must be what is there when an agent uses it. Pure.

A server whose pinned tools changed is quarantined: none of its tools run until somebody looks at it and connects it
again. Tools that came in addition are left out, and tools that are gone are simply not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stigmer_agent_runner.mcp.remote import RemoteTool

__all__ = ["PinCheck", "check_pins", "unpinned_package"]

_RUNNERS = frozenset({"npx", "bunx", "uvx", "pipx"})
"""Programs that fetch the newest version of a package when no other is named."""

_VERSION = re.compile(r".@[~^]?\d|==\d")


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


def unpinned_package(command: str, args: Sequence[str]) -> str:
    """A warning when a command fetches a package without naming its version, else empty: tools can then change by
    themselves, at any start.
    """
    name = PurePath(command).name
    if name not in _RUNNERS or any(_VERSION.search(arg) for arg in args):
        return ""
    return f"{name} fetches the newest version at every start; name one in spec.stdio.args, for example package@1.2.3"
