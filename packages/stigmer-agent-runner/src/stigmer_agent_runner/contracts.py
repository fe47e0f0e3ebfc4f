"""What the Temporal workflow and the activities of this package pass to each other, and their timing.

Standard library only: the workflow imports it inside Temporal's sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stigmer_agent_runner.engine.protocol import Outcome

RUN_SEGMENT = "stigmer/agent-execution/run-segment"
SETTLE = "stigmer/agent-execution/settle"
REPORT_PAUSED = "stigmer/agent-execution/report-paused"

_OUTCOMES = {
    "Completed": "completed",
    "Yielded": "yielded",
    "Waiting": "waiting",
    "Cancelled": "cancelled",
    "Failed": "failed",
}
_PHASES = {
    "EXECUTION_COMPLETED": "completed",
    "EXECUTION_CANCELLED": "cancelled",
    "EXECUTION_TERMINATED": "cancelled",
    "EXECUTION_FAILED": "failed",
}


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """How a segment ended.

    outcome: completed, yielded (run another one), waiting (run another one when a person answered), cancelled, failed
    or gone (the execution was deleted). kind and message: what failed. patience: how many seconds a waiting one waits
    before it looks again without an answer; 0: for ever.
    """

    outcome: str
    kind: str = ""
    message: str = ""
    patience: float = 0.0

    @classmethod
    def of(cls, outcome: Outcome) -> SegmentResult:
        """The result for an engine's outcome."""
        name = _OUTCOMES[type(outcome).__name__]
        return cls(name, getattr(outcome, "kind", ""), getattr(outcome, "message", ""))

    @classmethod
    def of_phase(cls, phase: str, error: str) -> SegmentResult:
        """The result for an execution that the server holds in a terminal phase."""
        return cls(_PHASES[phase], "already_settled" if error else "", error)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A terminal phase that the workflow reports itself, because no segment could. phase: failed or cancelled."""

    execution_id: str
    phase: str
    error: str = ""


@dataclass(slots=True)
class Timing:
    """Timeouts of the segment activity in seconds; the process sets them once, before its worker starts."""

    heartbeat: float = 15.0
    start_to_close: float = 900.0
    first_retry: float = 1.0


TIMING = Timing()
