"""The judgement of a whole workflow spec: the same list of problems wherever it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stigmer_api.dsl.definition import compile_value, read_text
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.lint import hints_of
from stigmer_api.dsl.loader import MAX_BYTES, load_text, refuse_excess
from stigmer_api.dsl.normaliser import Normalised, normalise_all
from stigmer_api.dsl.problems import MAX_NOTED, DocumentInvalidError, Problem, child
from stigmer_api.errors import FieldViolation
from stigmer_api.validation import violations
from stigmer_api.workflows.configs import Configs, path_of, pointer_of

SOURCE: Final = "spec.source"
MAX_HINTS: Final = 50


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a spec beyond the field rules of the contract.

    `problems` of a source have pointers into the document and lines of its text; those of uploaded tasks have pointers
    into the spec and no lines. `hints` are what is valid and hardly meant; `warnings` tell them too. `document` is the
    document as a JSON value, when there is one to speak of.
    """

    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    document: Mapping[str, Json] | None = None
    from_source: bool = False
    hints: tuple[Problem, ...] = ()

    @property
    def violations(self) -> list[FieldViolation]:
        """The problems by field: `spec.source` with line and pointer, or the path of what is wrong in the tasks."""
        if self.from_source:
            return [FieldViolation(SOURCE, str(problem)) for problem in self.problems]
        return [FieldViolation(path_of(problem.pointer), problem.message) for problem in self.problems]


def check_spec(spec: Any) -> Verdict:
    """Judge a WorkflowSpec: its source, or its document and tasks. May take seconds for a large one.

    A spec that has neither is left to the rules of the contract.
    """
    if spec.source:
        return check_source(spec.source, warnings_of(spec))
    return _check_tasks(spec) if spec.tasks else Verdict()


def warnings_of(spec: Any) -> tuple[str, ...]:
    """What is no mistake and yet hardly meant."""
    return ("spec.tasks is ignored: spec.source takes its place",) if spec.source and spec.tasks else ()


def check_source(text: str, warnings: tuple[str, ...] = ()) -> Verdict:
    """Judge the text of a document."""
    try:
        value, _ = read_text(text)
    except DocumentInvalidError as error:
        return Verdict(error.problems, warnings, from_source=True)
    hints = tuple(hints_of(value, load_text(text).lines)[:MAX_HINTS])
    return Verdict((), (*warnings, *map(str, hints)), value, from_source=True, hints=hints)


def _check_tasks(spec: Any) -> Verdict:
    size = spec.ByteSize()
    if size > MAX_BYTES:
        return Verdict((Problem("/tasks", f"the spec has {size} bytes, the limit is {MAX_BYTES}"),))
    configs = Configs()
    tasks = [configs.task(task, child("/tasks", index)) for index, task in enumerate(spec.tasks)]
    head = {field.name: value for field, value in spec.document.ListFields()}
    found = normalise_all({"document": head, "tasks": tasks})
    later = [*found.problems, *_compiled(found)]
    broken = {pointer_of(item.field) for item in violations(spec)} | {item.pointer for item in configs.problems}
    if not spec.HasField("document"):
        broken.add("/document")
    faulty = {configs.task_of(pointer) for pointer in broken} - {""}
    told = [item for item in later if configs.task_of(item.pointer) not in faulty and not _within(item.pointer, broken)]
    problems = sorted([*configs.problems, *told], key=_order)
    if len(problems) > MAX_NOTED:
        problems[MAX_NOTED:] = [Problem("/tasks", f"... and {len(problems) - MAX_NOTED} more problems")]
    return Verdict(tuple(problems), (), None if problems else found.value)


def _compiled(found: Normalised) -> list[Problem]:
    """What compiling the document finds, at places of the spec."""
    try:
        refuse_excess(found.value)
        compile_value(found.value)
    except DocumentInvalidError as error:
        return [Problem(found.place(problem.pointer), problem.message) for problem in error.problems]
    return []


def _order(problem: Problem) -> list[tuple[int, str]]:
    """The order of the document: list items by number, fields by name."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in problem.pointer.split("/")]


def _within(pointer: str, outer: Iterable[str]) -> bool:
    """Whether a place is one of those, or inside one. The whole spec does not count."""
    return any(item and (pointer == item or pointer.startswith(f"{item}/")) for item in outer)
