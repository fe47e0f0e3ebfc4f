"""The data of one run, and what a task sees of it.

Everything that must survive a worker is in `RunState.frames` and its neighbours, as JSON: position is data, so a run
can continue in another process at any depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.errors import RunnerError

STATE_SCHEMA = 1
Frame = dict[str, Any]
"""The position and data of one active task or list; JSON, changed in place by its owner only."""


@dataclass(slots=True)
class RunState:
    """What a run carries: `input` is the raw workflow input, `context` is `$context`, `root` the outermost frame."""

    input: Json = None
    context: Json = field(default_factory=dict)
    started_at: float = 0.0
    root: Frame = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """The state as JSON, for the next run."""
        return {
            "schema": STATE_SCHEMA,
            "input": self.input,
            "context": self.context,
            "started_at": self.started_at,
            "root": self.root,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> RunState:
        """The state that another run carried over. Raises `RunnerError` when it is of another schema."""
        if value.get("schema") != STATE_SCHEMA:
            raise RunnerError(f"the carried state has schema {value.get('schema')}, this worker reads {STATE_SCHEMA}")
        return cls(value["input"], value["context"], value["started_at"], value["root"])


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a task runs: loop and catch variables, the loop iterations around it, the attempt of its `try`.

    `branch` is the frame of the nearest `fork` branch around it: its `context` is what the branch sees as `$context`.
    """

    variables: Mapping[str, Json] = field(default_factory=dict)
    iterations: tuple[int, ...] = ()
    attempt: int = 1
    branch: Frame | None = None

    def bind(self, variables: Mapping[str, Json], iteration: int | None = None) -> Scope:
        """This scope with more variables and, in a loop, one more iteration number."""
        iterations = self.iterations if iteration is None else (*self.iterations, iteration)
        return Scope({**self.variables, **variables}, iterations, self.attempt, self.branch)

    def attempted(self, attempt: int) -> Scope:
        """This scope inside attempt number `attempt` of a `try`."""
        return Scope(self.variables, self.iterations, attempt, self.branch)

    def branched(self, branch: Frame) -> Scope:
        """This scope inside a branch of a `fork`."""
        return Scope(self.variables, self.iterations, self.attempt, branch)


def iso8601(seconds: float) -> str:
    """Epoch seconds as RFC 3339 text in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def datetime_descriptor(seconds: float) -> dict[str, Json]:
    """Epoch seconds as the DSL's date-time descriptor."""
    return {
        "iso8601": iso8601(seconds),
        "epoch": {"seconds": int(seconds), "milliseconds": round(seconds * 1000)},
    }
