"""The compiled document: small immutable objects that the engine walks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Expression, Template

CONTINUE = "continue"
EXIT = "exit"
END = "end"
DIRECTIVES = frozenset({CONTINUE, EXIT, END})


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration: fixed `seconds`, or a `template` whose value is parsed when it is needed."""

    seconds: float = 0.0
    template: Template | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON schema as text, or the `source` (an `Endpoint`) where it is read when it is first needed."""

    text: str = ""
    source: Any = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task: what all tasks share, and a `body` that only its task type understands.

    `pointer` is the task's place in the document (`/do/0/greet`), `definition` the task as written.
    """

    name: str
    kind: str
    pointer: str
    body: Any
    definition: Mapping[str, Json]
    condition: Expression | None = None
    input_from: Template | None = None
    output_as: Template | None = None
    export_as: Template | None = None
    timeout: Duration | None = None
    then: str = CONTINUE
    input_schema: Schema | None = None
    output_schema: Schema | None = None
    export_schema: Schema | None = None
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskList:
    """Tasks of one scope, with the index of each name."""

    tasks: tuple[Task, ...]
    index: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extension:
    """Tasks that run around every task of the type `extend` (`all`: of any type) for which `when` is true."""

    name: str
    pointer: str
    extend: str
    when: Expression | None = None
    before: TaskList | None = None
    after: TaskList | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A whole document, checked. `secrets` and `variables` are the names it needs of its execution's variables."""

    namespace: str
    name: str
    version: str
    tasks: TaskList
    definition: Mapping[str, Json]
    input_from: Template | None = None
    output_as: Template | None = None
    timeout: Duration | None = None
    secrets: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    input_schema: Schema | None = None
    output_schema: Schema | None = None
