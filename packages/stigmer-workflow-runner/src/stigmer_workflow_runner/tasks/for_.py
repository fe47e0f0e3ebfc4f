"""`for`: runs its tasks once per item, each iteration on the output of the one before; in memory, no child workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_workflow_runner.document.model import TaskList
from stigmer_workflow_runner.document.problems import child
from stigmer_workflow_runner.document.reader import Reader
from stigmer_workflow_runner.errors import Json
from stigmer_workflow_runner.expressions import Expression, Template
from stigmer_workflow_runner.flow import Outcome, run_list
from stigmer_workflow_runner.step import Step


@dataclass(frozen=True, slots=True)
class For:
    """`each` and `at` are the names of the item's and the index's variable."""

    each: str
    at: str
    items: Template
    condition: Expression | None
    tasks: TaskList

    async def run(self, step: Step) -> Outcome:
        """Iterate from the frame on. The output is the last iteration's; without items it is the input."""
        frame = step.frame
        if "items" not in frame:
            items = step.filter(self.items, step.given)
            if not isinstance(items, list):
                raise step.fault("expression", f"for.in must give a list, not {_kind(items)}")
            frame["items"], frame["n"], frame["v"] = items, 0, step.given
        while frame["n"] < len(frame["items"]):
            scope = step.scope.bind({self.each: frame["items"][frame["n"]], self.at: frame["n"]}, frame["n"])
            inner = Step(step.engine, step.task, frame, step.given, scope)
            if "b" not in frame:
                await step.engine.safe_point()
                if self.condition is not None and not inner.test(self.condition, frame["v"]):
                    break
            outcome = await run_list(step.engine, self.tasks, frame.setdefault("b", {}), frame["v"], scope)
            del frame["b"]
            frame["v"], frame["n"] = outcome.output, frame["n"] + 1
            if outcome.then is not None:
                return outcome
        return Outcome(frame["v"])


class ForType:
    """Reads `for`, `while` and `do`."""

    keys = ("for", "while", "do")

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, For]:
        """Compile the loop. Inside, the item and the index are variables."""
        place = child(pointer, "for")
        loop = reader.fields(fields["for"], place, ("each", "in", "at"), required=("in",))
        each = reader.optional(loop, "each", place, reader.text) or "item"
        at = reader.optional(loop, "at", place, reader.text) or "index"
        inner = reader.with_variables(each, at)
        tasks = TaskList(())
        if "do" in fields:
            tasks = inner.tasks(fields["do"], child(pointer, "do"))
        else:
            reader.problem(pointer, "a for task needs 'do'")
        return "for", For(
            each=each,
            at=at,
            items=self._items(reader, loop, place),
            condition=inner.optional(fields, "while", pointer, inner.expression),
            tasks=tasks,
        )

    def _items(self, reader: Reader, loop: Mapping[str, Json], place: str) -> Template:
        value = loop.get("in", "[]")
        if isinstance(value, list):
            return reader.template(value, child(place, "in"))
        expression = reader.expression(value, child(place, "in"))
        return Template(value, (lambda e: e(expression)) if expression else None)


def _kind(value: Json) -> str:
    return "null" if value is None else {dict: "an object", str: "text", bool: "a boolean"}.get(type(value), "a number")
