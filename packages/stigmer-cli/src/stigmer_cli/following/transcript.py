"""Writes a running account of several executions at once: whole lines, and texts that grow."""

from __future__ import annotations

import sys
from typing import TextIO

from stigmer_cli.terminal import paint


class Transcript:
    """One stream of lines. A text that grows keeps its line open until somebody else has something to say."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self._open_for = ""
        self._indent = ""

    def line(self, text: str, *, indent: str = "", style: str = "") -> None:
        """Write a whole line."""
        self.close()
        self.stream.write(indent + (paint(text, style, self.stream) if style else text) + "\n")
        self.stream.flush()

    def grow(self, owner: str, start: str, text: str, *, indent: str = "") -> None:
        """Append to the growing text of an owner; `start` begins its line. New lines in it are indented alike."""
        if self._open_for != owner:
            self.close()
            self.stream.write(indent + start)
            self._open_for, self._indent = owner, indent + " " * len(start)
        self.stream.write(text.replace("\n", "\n" + self._indent))
        self.stream.flush()

    def close(self, owner: str = "") -> None:
        """End the open line; with an owner only when the line is its."""
        if self._open_for and (not owner or owner == self._open_for):
            self.stream.write("\n")
            self.stream.flush()
            self._open_for = ""
