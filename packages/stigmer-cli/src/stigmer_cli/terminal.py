"""What people see: progress and errors on stderr, results on stdout, colour only where it belongs."""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

from stigmer_cli.errors import CliError

_STYLES = {"green": "32", "red": "31", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}


def wants_colour(stream: TextIO) -> bool:
    """Return whether colour may be written: a terminal, no NO_COLOR, not TERM=dumb."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO) -> str:
    """Return the text in a style ("green", "bold" …) when the stream takes colour."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if wants_colour(stream) else text


def say(text: str, style: str = "") -> None:
    """Write one line of progress to stderr."""
    sys.stderr.write((paint(text, style, sys.stderr) if style else text) + "\n")
    sys.stderr.flush()


def result(text: str) -> None:
    """Write a result to stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def show_error(error: CliError, *, as_json: bool) -> None:
    """Write an error to stderr: what is wrong, the details, what to do next."""
    if as_json:
        body = {"code": error.code, "message": error.message, "hint": error.hint, "details": list(error.details)}
        sys.stderr.write(json.dumps({"error": body}, ensure_ascii=False) + "\n")
        return
    sys.stderr.write(f"{paint('Error:', 'red', sys.stderr)} {error.message}\n")
    for line in error.details:
        sys.stderr.write(f"  {line}\n")
    if error.hint:
        sys.stderr.write(f"{error.hint}\n")


class ProgressLine:
    """A line that is rewritten on a terminal; elsewhere it is written once per new text that matters."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        """Show a text in place of the one before."""
        if self._live and text != self._shown:
            sys.stderr.write("\r\x1b[2K" + text)
            sys.stderr.flush()
        self._shown = text

    def clear(self) -> None:
        """Take the line away."""
        if self._live and self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
        self._shown = ""
