"""Named places where a test can step in, to have something die exactly there. Without a test they do nothing.

`tests/test_kill_matrix.py` kills the runner, the server and Temporal at each of them.
"""

from __future__ import annotations

from collections.abc import Callable


def _nothing(_place: str) -> None:
    return


on_reached: Callable[[str], None] = _nothing
"""What happens when a run reaches a place; a test sets it before it starts a runner."""


def failpoint(place: str) -> None:
    """Say that a run is at a place."""
    on_reached(place)
