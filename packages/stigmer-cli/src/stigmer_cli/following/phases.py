"""What the phases of both kinds of execution mean for somebody who waits."""

from __future__ import annotations

from typing import Any

from stigmer_cli.columns import phase
from stigmer_cli.output import duration, parse_time

TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TERMINATED"})

STYLES = {
    "COMPLETED": "green",
    "FAILED": "red",
    "CANCELLED": "yellow",
    "TERMINATED": "yellow",
    "PAUSED": "yellow",
    "WAITING_FOR_APPROVAL": "yellow",
}


def is_terminal(execution: Any) -> bool:
    """Return whether an execution has ended."""
    return phase(execution) in TERMINAL


def span(part: Any) -> str:
    """Return " (1.2s)" for anything with started_at and completed_at, or an empty text when either is missing."""
    start, end = parse_time(part.started_at), parse_time(part.completed_at)
    if start is None or end is None:
        return ""
    seconds = max((end - start).total_seconds(), 0.0)
    return f" ({round(seconds * 1000)}ms)" if seconds < 1 else f" ({duration(round(seconds, 1))})"
