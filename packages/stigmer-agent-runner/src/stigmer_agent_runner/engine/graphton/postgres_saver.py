"""The same saver over the connection of a run, for sessions that remember in Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from stigmer_agent_runner.checkpoints.postgres import PostgresCheckpoints
from stigmer_agent_runner.engine.graphton.telling import OnSaved, Telling

if TYPE_CHECKING:
    from stigmer_agent_runner.checkpoints.protocol import Checkpoints

__all__ = ["TellingPostgresSaver", "saver_over"]


class TellingPostgresSaver(Telling, AsyncPostgresSaver):
    """Over the connection of a run, which it shares with the run's other statements."""

    def __init__(self, checkpoints: PostgresCheckpoints, on_saved: OnSaved) -> None:
        super().__init__(cast("Any", checkpoints.connection))  # its cursors set the row type that it names
        self.lock = checkpoints.lock
        self.on_saved = on_saved


def saver_over(checkpoints: Checkpoints, on_saved: OnSaved) -> TellingPostgresSaver:
    """Return the saver of checkpoints that lie in Postgres."""
    if not isinstance(checkpoints, PostgresCheckpoints):
        raise TypeError(f"the graph cannot be kept in {type(checkpoints).__name__}")
    return TellingPostgresSaver(checkpoints, on_saved)
