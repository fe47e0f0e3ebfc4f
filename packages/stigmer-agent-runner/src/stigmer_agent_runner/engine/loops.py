"""Finds a model that runs in circles: the same calls with the same arguments, turn after turn. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

WARN_AFTER = 7
"""Identical turns in a row after which the model is told."""

BLOCK_AFTER = 20
"""Identical turns in a row after which their calls are not carried out any more."""

END_AFTER = BLOCK_AFTER + 3
"""Identical turns in a row after which the run fails: what nobody carries out still costs."""

Round = frozenset[tuple[str, str]]


def round_of(calls: Sequence[tuple[str, Mapping[str, Any]]]) -> Round:
    """The calls of one turn, by name and arguments, in any order."""
    return frozenset((name, json.dumps(args, sort_keys=True, default=str)) for name, args in calls)


def repeats(rounds: Sequence[Round]) -> int:
    """How many turns at the end are the same as the last one, with it."""
    count = 0
    for found in reversed(rounds):
        if found != rounds[-1]:
            break
        count += 1
    return count


def warning(count: int) -> str:
    """What the model is told before its next turn."""
    return (
        f"You have made exactly the same calls {count} times in a row, and their results will not change. Do something"
        " else, or answer with what you have."
    )


def blocked(count: int) -> str:
    """What the model reads instead of a result."""
    return f"Blocked: exactly this was called {count} times in a row. Do something else, or answer with what you have."


def ended(count: int) -> str:
    """Why the run failed."""
    return f"the model made exactly the same calls {count} times in a row and did not stop when it was told to"
