"""`do`: tasks one after the other; the output is the last one's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import TaskList
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader


@dataclass(frozen=True, slots=True)
class Do:
    """The tasks."""

    tasks: TaskList


class DoType:
    """Reads `do`."""

    keys = ("do",)

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Do]:
        """Compile the list."""
        return "do", Do(reader.tasks(fields["do"], child(pointer, "do")))
