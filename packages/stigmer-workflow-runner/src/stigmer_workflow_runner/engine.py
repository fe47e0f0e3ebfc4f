"""The interpreter: walks the frame tree of one run against a `Runtime`.

Pure between calls of the runtime: no clock, no chance, no I/O of its own. In-memory tasks never suspend, so they cost
no history; everything else goes through the runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Final, Protocol

from stigmer_api.dsl.durations import parse_duration
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, ExpressionFailedError, Meter, Template
from stigmer_api.dsl.model import Duration, Task, Workflow
from stigmer_workflow_runner import flow, schemas
from stigmer_workflow_runner.errors import fault
from stigmer_workflow_runner.extensions import run_extended
from stigmer_workflow_runner.runtime import DeadlineReachedError, Drain, Runtime
from stigmer_workflow_runner.state import RunState, Scope, datetime_descriptor
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks import BODIES

BREATHE_AFTER: Final = 400_000
"""Work (about microseconds) between two pauses: Temporal gives up on a workflow that computes for two seconds."""

TASK_WORK: Final = 60
"""What running one task counts as, besides its expressions."""

Lookup = Callable[[str], Json]


class Observer(Protocol):
    """Hears what happens to tasks; must not fail and must not change values."""

    def started(self, task: Task, scope: Scope, at: float, given: Json) -> None:
        """A task began on `given`."""

    def completed(self, task: Task, scope: Scope, times: tuple[float, float], values: tuple[Json, Json]) -> None:
        """A task ended; `times` are its begin and end, `values` its input and output."""

    def failed(self, task: Task, scope: Scope, times: tuple[float, float], error: dict[str, Json]) -> None:
        """A task ended with an error."""

    def skipped(self, task: Task, scope: Scope, at: float) -> None:
        """The `if` of a task was false."""

    def cancelled(self, task: Task, scope: Scope, times: tuple[float, float]) -> None:
        """A task was ended from outside: by a timeout, by a faster branch, or with the whole run."""

    def asked(self, task: Task, scope: Scope, at: float, given: Json, request: dict[str, Json]) -> None:
        """A task waits for a person. `request` has what it asks: see `tasks/human_input.py`."""

    def auto_resolved(self, task: Task, scope: Scope, at: float, outcome: str) -> None:
        """Nobody answered in time, and the document says what happens then."""

    def correlated(self, task: Task, scope: Scope, keys: Mapping[str, Json]) -> None:
        """A task has all the events it listened for; `keys` are the values of its correlations by name."""

    def emitted(self, task: Task, at: float, event: dict[str, Json]) -> None:
        """A task published an event."""

    def retrying(self, task: Task, scope: Scope, at: float, attempt: int, delay: float) -> None:
        """A `try` will start attempt number `attempt` (from 2) in `delay` seconds."""

    def child_started(self, task: Task, at: float, kind: str, execution_id: str) -> None:
        """An agent or workflow execution was started."""

    def child_ended(self, task: Task, times: tuple[float, float], kind: str, result: dict[str, Json]) -> None:
        """An agent or workflow execution ended with `result`."""


class Engine:
    """Runs one workflow. `facts` has `workflow` and `runtime`, what `$workflow` and `$runtime` show."""

    def __init__(
        self, workflow: Workflow, state: RunState, runtime: Runtime, observer: Observer, facts: dict[str, Json]
    ) -> None:
        self.workflow = workflow
        self.state = state
        self.runtime = runtime
        self.observer = observer
        self.meter = Meter()
        self._breathing = False
        self._facts = facts

    async def run(self) -> Json:
        """Run from the state's frames to the end and give the workflow's output.

        Raises:
            Fault: nothing caught it.
            Drain: the run should continue elsewhere from `state`.
        """
        root = self.state.root
        if "input" not in root:
            await schemas.hold_workflow(self, self.workflow.input_schema, self.state.input, "input")
            root["input"] = self._filter(self.workflow.input_from, self.state.input)
            if self.workflow.timeout is not None:
                seconds = self.duration(self.workflow.timeout, root["input"], self.lookup)
                root["deadline"] = self.state.started_at + seconds
        walk = flow.run_list(self, self.workflow.tasks, root.setdefault("list", {}), root["input"], Scope())
        if "deadline" not in root:
            result = await walk
        else:
            try:
                result = await self.runtime.race(walk, root["deadline"])
            except DeadlineReachedError as error:
                raise fault("timeout", "the workflow took longer than its timeout") from error
        output = self._filter(self.workflow.output_as, result.output)
        await schemas.hold_workflow(self, self.workflow.output_schema, output, "output")
        return output

    async def run_body(self, step: Step) -> flow.Outcome:
        """Run what is particular to the task of a step."""
        body = BODIES[type(step.task.body)]
        if step.task.extensions:
            return await run_extended(step, lambda: body(step.task.body, step))
        return await body(step.task.body, step)

    def _filter(self, template: Template | None, value: Json) -> Json:
        return value if template is None else self.evaluate(template, value, self.lookup)

    async def safe_point(self) -> None:
        """Called where the frames are complete: between tasks and between iterations."""
        if self.runtime.holding():
            await self.runtime.hold()
        if self.runtime.draining():
            raise Drain
        self.meter.spent += TASK_WORK
        if self.meter.spent > BREATHE_AFTER:
            await self._breathe()

    async def _breathe(self) -> None:
        """Let others work. Strands of this run pause together: otherwise they would compute in turn without any end."""
        while self.meter.spent > BREATHE_AFTER:
            if self._breathing:
                await self.runtime.until(lambda: not self._breathing)
                continue
            self._breathing = True
            try:
                await self.runtime.breathe()
            finally:
                self._breathing, self.meter.spent = False, 0

    def lookup(self, name: str) -> Json:
        """A variable that is the same for all tasks."""
        if name == "context":
            return self.state.context
        if name == "workflow":
            return {
                **self._facts["workflow"],
                "definition": self.workflow.definition,
                "input": self.state.input,
                "startedAt": datetime_descriptor(self.state.started_at),
            }
        return self._facts.get(name)

    def evaluate(self, template: Template, value: Json, lookup: Lookup) -> Json:
        """The value of a template on `value`. Raises `Fault` (expression)."""
        return template.evaluate(lambda expression: self.expression(expression, value, lookup))

    def expression(self, expression: Expression, value: Json, lookup: Lookup) -> Json:
        """The value of one expression on `value`. Raises `Fault` (expression)."""
        needed = {name: lookup(name) for name in expression.variables}
        try:
            return expression.evaluate(value, needed, self.runtime.now(), self.meter)
        except ExpressionFailedError as error:
            raise fault("expression", str(error)) from error

    def duration(self, duration: Duration, value: Json, lookup: Lookup) -> float:
        """Seconds of a duration. Raises `Fault` (expression) when an expression gives no duration."""
        if duration.template is None:
            return duration.seconds
        found = self.evaluate(duration.template, value, lookup)
        try:
            return parse_duration(found)
        except ValueError as error:
            raise fault("expression", f"no duration: {error}") from error


def facts_of(execution_id: str) -> dict[str, Json]:
    """What `$workflow` and `$runtime` show besides the definition, the input and the start."""
    return {
        "workflow": {"id": execution_id},
        "runtime": {"name": "stigmer", "version": _version(), "metadata": {}},
    }


@lru_cache(maxsize=1)
def _version() -> str:
    """Our own; finding it means reading files, so once and not for each run."""
    return version("stigmer-workflow-runner")
