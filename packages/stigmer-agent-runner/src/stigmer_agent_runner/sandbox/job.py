"""What is run where, within which limits, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Finished", "Job", "Limits", "ShellAccess"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one command with everything that it starts. seconds: on the clock and of one process's processor time.

    memory_bytes: of one process, and resident of all. file_bytes: of one file. output_bytes: written before it is
    ended. shown_chars: what the model gets of it, its head and its tail.
    """

    seconds: float = 120.0
    memory_bytes: int = 2048 * _MIB
    processes: int = 256
    files: int = 1024
    file_bytes: int = 512 * _MIB
    output_bytes: int = 64 * _MIB
    shown_chars: int = 30_000


@dataclass(frozen=True, slots=True)
class ShellAccess:
    """What an agent's commands may do. enabled: whether there are any. variables: those that the agent declares."""

    enabled: bool = True
    network: bool = False
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """One command for `/bin/sh`. workspace: its folder, the only one that stays. environment: declared variables.

    skills: real folders by name, to read. network: whether it may reach the network.
    """

    command: str
    workspace: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    skills: Mapping[str, Path] = field(default_factory=dict)
    network: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. why: empty, or the limit that ended it: time, processes, memory, output or stopped."""

    output: str
    code: int
    why: str = ""
    truncated: bool = False
