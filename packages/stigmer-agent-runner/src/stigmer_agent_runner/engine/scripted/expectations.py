"""Holds results of tools against what a script expects of them. Pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from stigmer_agent_runner.errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stigmer_agent_runner.engine.scripted.script import Turn

__all__ = ["check_expectations"]


def check_expectations(turn: Turn, results: Mapping[str, str]) -> None:
    """Raise ScriptError, with a diff, for the first expectation of a turn that does not hold."""
    for tool, pattern in turn.expect.items():
        if tool not in results:
            known = ", ".join(results) or "none"
            raise ScriptError(f"line {turn.line}: expected a result of {tool}; there are results of: {known}")
        if not _fits(pattern, results[tool]):
            diff = difflib.ndiff(pattern.splitlines(), results[tool].splitlines())
            raise ScriptError(f"line {turn.line}: unexpected result of {tool} (- expected, + got):\n" + "\n".join(diff))


def _fits(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, where `...` stands for anything."""
    pieces = [re.escape(piece) for piece in pattern.strip().split("...")]
    return re.fullmatch(".*".join(pieces), text.strip(), re.DOTALL) is not None
