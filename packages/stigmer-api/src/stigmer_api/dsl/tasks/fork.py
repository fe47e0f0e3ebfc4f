"""`fork`: branches at the same time. The output is the list of theirs, or the first one's when they compete.

`metadata.concurrency` of the task is ours: how many branches run at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.model import DIRECTIVES, TaskList
from stigmer_api.dsl.problems import child, shortened
from stigmer_api.dsl.reader import Reader


@dataclass(frozen=True, slots=True)
class Fork:
    """`concurrency` is None for all at once."""

    branches: TaskList
    compete: bool = False
    concurrency: int | None = None


class ForkType:
    """Reads `fork`, and of `metadata` what is about it."""

    keys = ("fork", "metadata")

    def read(self, reader: Reader, _name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Fork]:
        """Compile the branches. They do not follow one another, so none can lead to another one."""
        place = child(pointer, "fork")
        found = reader.fields(fields["fork"], place, ("branches", "compete"), required=("branches",))
        branches = reader.tasks(found["branches"], child(place, "branches")) if "branches" in found else TaskList(())
        for task in branches.tasks:
            if task.then not in DIRECTIVES:
                reader.problem(
                    child(task.pointer, "then"), f"a branch cannot go to another branch: {shortened(task.then)!r}"
                )
        return "fork", Fork(
            branches,
            compete=reader.optional(found, "compete", place, reader.flag) or False,
            concurrency=concurrency_of(reader, fields.get("metadata"), child(pointer, "metadata")),
        )


def concurrency_of(reader: Reader, metadata: Json, pointer: str, key: str = "concurrency") -> int | None:
    """How many works of a task run at a time, from its metadata; None: all of them."""
    if not isinstance(metadata, Mapping) or key not in metadata:
        return None
    value = metadata[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        reader.problem(child(pointer, key), "must be a whole number of at least 1")
        return None
    return value
