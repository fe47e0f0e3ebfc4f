"""`do`: tasks one after the other; the output is the last one's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_workflow_runner.document.model import TaskList
from stigmer_workflow_runner.document.problems import child
from stigmer_workflow_runner.document.reader import Reader
from stigmer_workflow_runner.errors import Json
from stigmer_workflow_runner.flow import Outcome, run_list
from stigmer_workflow_runner.step import Step


@dataclass(frozen=True, slots=True)
class Do:
    """The tasks."""

    tasks: TaskList

    async def run(self, step: Step) -> Outcome:
        """Run the list."""
        return await run_list(step.engine, self.tasks, step.frame.setdefault("b", {}), step.given, step.scope)


class DoType:
    """Reads `do`."""

    keys = ("do",)

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Do]:
        """Compile the list."""
        return "do", Do(reader.tasks(fields["do"], child(pointer, "do")))
