"""Where a chat's lines come from: a person at a terminal, or a pipe."""

from __future__ import annotations

import importlib.util
import sys
from typing import Protocol, TextIO

from stigmer_cli.chatting.interrupts import interruptible

__all__ = ["Lines", "Piped", "Typed", "lines_of"]


class Lines(Protocol):
    """Asks for lines."""

    interactive: bool

    def ask(self, prompt: str) -> str | None:
        """Return the next line without its end; None when there are no more. KeyboardInterrupt passes through."""
        ...


class Typed:
    """A person at a terminal, with the line editing and the history of readline where Python has it."""

    interactive = True

    def __init__(self) -> None:
        if importlib.util.find_spec("readline"):
            importlib.import_module("readline")  # from now on input() edits lines

    def ask(self, prompt: str) -> str | None:
        """See Lines."""
        try:
            return interruptible(lambda: input(prompt))
        except EOFError:
            sys.stdout.write("\n")
            return None


class Piped:
    """Lines of a file or a pipe; nobody sees a prompt."""

    interactive = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def ask(self, prompt: str) -> str | None:
        """See Lines."""
        line = self._stream.readline()
        return line.rstrip("\r\n") if line else None


def lines_of(stream: TextIO) -> Lines:
    """Return the lines of standard input."""
    return Typed() if stream.isatty() and sys.stdout.isatty() else Piped(stream)
