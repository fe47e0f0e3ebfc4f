"""One task being run: what a task type and the filters around it get to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stigmer_api.dsl.authentication import SCHEMES, Authentication
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template
from stigmer_api.dsl.model import Duration, Task
from stigmer_workflow_runner.errors import Fault, fault
from stigmer_workflow_runner.runtime import Runtime
from stigmer_workflow_runner.state import Frame, Scope, datetime_descriptor

if TYPE_CHECKING:
    from stigmer_workflow_runner.engine import Engine


MASK: Final = "***"
"""What stands where a secret was."""


class Step:
    """A task with its frame. `given` is the task's input: raw until `input.from` is done, transformed after."""

    __slots__ = ("engine", "frame", "given", "scope", "task")

    def __init__(self, engine: Engine, task: Task, frame: Frame, given: Json, scope: Scope) -> None:
        self.engine = engine
        self.task = task
        self.frame = frame
        self.given = given
        self.scope = scope

    @property
    def runtime(self) -> Runtime:
        """The world."""
        return self.engine.runtime

    @property
    def context(self) -> Json:
        """What `$context` is here: a branch of a `fork` has a copy of its own."""
        return self.engine.state.context if self.scope.branch is None else self.scope.branch["context"]

    @context.setter
    def context(self, value: Json) -> None:
        if self.scope.branch is None:
            self.engine.state.context = value
        else:
            self.scope.branch["context"] = value

    def lookup(self, name: str) -> Json:
        """The value of a variable at this task."""
        if name in self.scope.variables:
            return self.scope.variables[name]
        if name == "input":
            return self.given
        if name == "context":
            return self.context
        if name == "task":
            return {
                "name": self.task.name,
                "reference": self.task.pointer,
                "definition": self.task.definition,
                "input": self.given,
                "startedAt": datetime_descriptor(self.frame["began"]),
            }
        if name == "authorization":
            return authorization_of(self.task.body)
        return self.engine.lookup(name)

    def binding(self, **values: Json) -> Step:
        """This step where `values` are variables too."""
        return Step(self.engine, self.task, self.frame, self.given, self.scope.bind(values))

    def evaluate(self, template: Template) -> Json:
        """The value of a template of the task's definition: `.` is the task's input. Raises `Fault`."""
        return template.value if template.constant else self.filter(template, self.given)

    def filter(self, template: Template, value: Json) -> Json:
        """The value of a template on `value`. Raises `Fault`."""
        return self.engine.evaluate(template, value, self.lookup)

    def expression(self, expression: Expression, value: Json) -> Json:
        """The value of an expression on `value`. Raises `Fault`."""
        return self.engine.expression(expression, value, self.lookup)

    def test(self, expression: Expression, value: Json) -> bool:
        """Whether an expression is true on `value`: jq's truth, all but false and null. Raises `Fault`."""
        found = self.expression(expression, value)
        return found is not None and found is not False

    def duration(self, duration: Duration) -> float:
        """Seconds of a duration. Raises `Fault`."""
        return self.engine.duration(duration, self.given, self.lookup)

    def fault(self, kind: str, detail: str) -> Fault:
        """A standard error of this task."""
        return fault(kind, detail).place(self.task.pointer)


def authorization_of(body: Any) -> Json:
    """What `$authorization` shows in the workflow: the scheme of the task's policy, and no parameter."""
    policy = getattr(body, "authentication", None)
    return {"scheme": SCHEMES[policy.kind], "parameter": MASK} if isinstance(policy, Authentication) else None
