"""Reads values of a document into compiled parts and notes every problem instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar

from stigmer_api.dsl.durations import parse_duration
from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import (
    Expression,
    ExpressionInvalidError,
    Template,
    build_template,
    compile_expression,
    is_expression,
)
from stigmer_api.dsl.hidden import (
    AUTHORIZATION,
    SECRET_TEXTS,
    SECRETS,
    VARIABLES,
    Needs,
    has_placeholders,
    named_secrets,
    note_placeholders,
    placeholders,
    without_placeholders,
)
from stigmer_api.dsl.model import DIRECTIVES, Duration, Extension, Task, TaskList
from stigmer_api.dsl.problems import Problems, child, listed, shortened
from stigmer_api.dsl.wording import kind_of, meant

NOT_YET: Final = "is not supported yet"
_EVERYWHERE: Final = frozenset({"task", "workflow", "runtime", "context"})
BEFORE_TASK: Final = _EVERYWHERE
"""Arguments of `if` and `input.from`."""
IN_TASK: Final = _EVERYWHERE | {"input", AUTHORIZATION}
"""Arguments of a task's own definition and of `output.as`."""
OUTBOUND: Final = IN_TASK | {SECRETS}
"""Arguments where the value leaves the workflow by an activity."""
AFTER_TASK: Final = IN_TASK | {"output"}
"""Arguments of `export.as`."""
WORKFLOW_INPUT: Final = frozenset({"workflow", "runtime"})
WORKFLOW_OUTPUT: Final = WORKFLOW_INPUT | {"context"}

_ABSENT_VARIABLES: Final = {
    "secrets": "$secrets is available only where the value goes to a call (its 'with' and its authentication): "
    "anywhere else the secret would be stored in the history of the execution",
    "authorization": "$authorization is available in a task's definition, its output.as and its export.as",
    "env": "$env is not part of the DSL: pass values in the input of the execution",
    "data": "$data is not part of the DSL: use $context with export.as, or the input",
}

T = TypeVar("T")


class ListReader(Protocol):
    """Reads a task list; the reader gets it from outside, because task types know the reader."""

    def __call__(self, reader: Reader, value: Json, pointer: str) -> TaskList:
        """The compiled list at `pointer`."""


class TaskReader(Protocol):
    """Reads one task."""

    def __call__(self, reader: Reader, name: str, value: Json, pointer: str) -> Task | None:
        """The compiled task at `pointer`, None when it is broken."""


class TaskType(Protocol):
    """One task type: the keys of its own, and how to read them."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the task object that belong to this type."""

    def read(self, reader: Reader, name: str, fields: Mapping[str, Json], pointer: str) -> tuple[str, Any]:
        """The kind as shown to people ("call http") and the compiled body."""


TaskTypes = Mapping[str, TaskType]
"""The task types a runner knows, by their key in a task object."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Where in the document we are: what was declared, which variables exist, where problems go."""

    problems: Problems
    read_list: ListReader
    types: TaskTypes = field(default_factory=dict)
    declared: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    extra_variables: frozenset[str] = frozenset()
    needs: Needs = field(default_factory=Needs)
    read_task: TaskReader | None = None
    functions: dict[str, Task | None] = field(default_factory=dict)
    targets: list[tuple[str, str]] = field(default_factory=list)
    loose: bool = False
    extensions: tuple[Extension, ...] = ()

    def with_variables(self, *names: str) -> Reader:
        """A reader for a place where `names` (loop or catch variables) exist too."""
        return replace(self, extra_variables=self.extra_variables | set(names))

    def problem(self, pointer: str, message: str) -> None:
        """Note a problem."""
        self.problems.add(pointer, message)

    # --- structure -------------------------------------------------------------------------------------------

    def fields(
        self, value: Json, pointer: str, known: Collection[str], required: Iterable[str] = ()
    ) -> Mapping[str, Json]:
        """The fields of an object; notes what is unknown or missing. Not an object gives no fields."""
        if not isinstance(value, Mapping):
            self.problem(pointer, f"must be an object with {listed(known)}, not {kind_of(value)}")
            return {}
        for key in value:
            if key not in known:
                self.problem(
                    child(pointer, key), f"unknown key {shortened(key)!r}: use {listed(known)}{meant(key, known)}"
                )
        for key in required:
            if key not in value:
                self.problem(pointer, f"needs {key!r}")
        return value

    def text(self, value: Json, pointer: str) -> str:
        """A text that is not empty."""
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, str):
            self.problem(pointer, "must not be empty")
            return ""
        quoted = f": write it in quotes, '{str(value).lower()}'" if isinstance(value, bool | int | float) else ""
        self.problem(pointer, f"must be text, not {kind_of(value)}{quoted}")
        return ""

    def texts(self, fields: Json, pointer: str, keys: Iterable[str]) -> None:
        """Note each of `keys` that is present and no text."""
        for key in keys:
            if isinstance(fields, Mapping) and key in fields:
                self.text(fields[key], child(pointer, key))

    def flag(self, value: Json, pointer: str) -> bool:
        """True or false."""
        if isinstance(value, bool):
            return value
        self.problem(pointer, f"must be true or false, not {kind_of(value)}")
        return False

    def refuse(self, fields: Mapping[str, Json], pointer: str, keys: Iterable[str], where: str) -> None:
        """Note that each of `keys` that is present is not supported yet."""
        for key in keys:
            if key in fields:
                self.problem(child(pointer, key), f"{where} {key!r} {NOT_YET}")

    def named(self, section: str, value: Json, pointer: str) -> Json:
        """`value`, or what `use.<section>` declares under that name when it is a text."""
        if value is None:
            self.problem(pointer, f"must be an object or a name of use.{section}, not empty")
        if not isinstance(value, str):
            return value
        declared = self.declared.get(section, {})
        if declared.get(value) is not None:
            return declared[value]
        if value in declared:
            self.problem(child("/use", section, value), "must be an object, not empty")
            return None
        self.problem(
            pointer, f"use.{section} has no {shortened(value)!r}" + (f": it has {listed(declared)}" if declared else "")
        )
        return None

    # --- expressions -----------------------------------------------------------------------------------------

    def expression(self, value: Json, pointer: str, available: frozenset[str] = IN_TASK) -> Expression | None:
        """A field that is an expression with or without `${ }`. Booleans are written as they are."""
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, str):
            self.problem(pointer, f"must be an expression, not {kind_of(value)}")
            return None
        return self._compile(value, pointer, available)

    def template(self, value: Json, pointer: str, available: frozenset[str] = IN_TASK) -> Template:
        """A value in which only texts wholly wrapped in `${ }` are expressions."""

        def expression_at(text: str, place: str) -> Expression | None:
            if is_expression(text) or has_placeholders(text):
                return self._compile(text, place, available)
            return self._loose(text, available)

        return build_template(value, expression_at, pointer)

    def outbound(self, value: Json, pointer: str) -> Template:
        """A template whose value goes to an activity and nowhere else: it may use secrets and placeholders.

        The runner evaluates it with `outbound.Parcel`, never with `Step.evaluate`.
        """

        def expression_at(text: str, place: str) -> Expression | None:
            if has_placeholders(text):
                if is_expression(without_placeholders(text)):
                    self.problem(place, "a placeholder cannot stand inside an expression: use $secrets.NAME there")
                    return None
                note_placeholders(text, self.needs)
                return self._compile(placeholders(text), place, frozenset({SECRET_TEXTS, VARIABLES}), filled=True)
            return self._compile(text, place, OUTBOUND) if is_expression(text) else self._loose(text, IN_TASK)

        return build_template(value, expression_at, pointer)

    def _loose(self, text: str, available: frozenset[str]) -> Expression | None:
        """In loose mode any text may be an expression: one that compiles is tried, and stays text when it fails."""
        if not self.loose or not text.strip():
            return None
        try:
            expression = compile_expression(text)
        except ExpressionInvalidError:
            return None
        known = available | self.extra_variables
        return replace(expression, loose=True) if expression.variables <= known - {AUTHORIZATION} else None

    def secret(self, name: str, pointer: str) -> None:
        """Note that the secret `name` is needed. It must be declared."""
        if name not in self.declared.get(SECRETS, {}):
            self.problem(pointer, f"use.secrets does not declare {shortened(name)!r}")
        self.needs.secrets.add(name)

    def filter(self, value: Json, pointer: str, available: frozenset[str]) -> Template:
        """`from` and `as`: a text is an expression as it is, an object is evaluated at any depth."""
        if isinstance(value, str):
            expression = self._compile(value, pointer, available)
            return Template(value, (lambda e: e(expression)) if expression else None)
        if isinstance(value, Mapping | list):
            return self.template(value, pointer, available)
        self.problem(pointer, f"must be an expression or an object, not {kind_of(value)}")
        return Template(value)

    def _compile(
        self, text: str, pointer: str, available: frozenset[str], *, filled: bool = False
    ) -> Expression | None:
        if not filled and has_placeholders(text):
            self.problem(
                pointer, "${.secrets.NAME} and ${.env_vars.NAME} are filled in only where the value goes to a call"
            )
            return None
        try:
            expression = compile_expression(text)
        except ExpressionInvalidError as error:
            self.problem(pointer, str(error))
            return None
        for name in sorted(expression.variables - available - self.extra_variables):
            absent = _ABSENT_VARIABLES.get(name)
            have = listed(f"${n}" for n in sorted(available | self.extra_variables))
            self.problem(pointer, absent or f"${shortened(name)} does not exist here: this place has {have}")
        if SECRETS in expression.variables and SECRETS in available:
            self._note_secrets(expression, pointer)
        return expression

    def _note_secrets(self, expression: Expression, pointer: str) -> None:
        names, others = named_secrets(expression)
        for name in sorted(names):
            self.secret(name, pointer)
        if others:
            self.needs.secrets.update(self.declared.get(SECRETS, {}))

    def duration(self, value: Json, pointer: str, available: frozenset[str] = IN_TASK) -> Duration:
        """A duration: object, ISO 8601 text, or an expression that gives one of them."""
        if isinstance(value, str) and is_expression(value):
            return Duration(template=self.template(value, pointer, available))
        try:
            return Duration(parse_duration(value))
        except ValueError as error:
            template = self.template(value, pointer, available) if isinstance(value, Mapping) else None
            if template is not None and not template.constant:
                return Duration(template=template)
            self.problem(pointer, str(error))
            return Duration()

    # --- tasks -----------------------------------------------------------------------------------------------

    def tasks(self, value: Json, pointer: str) -> TaskList:
        """A nested task list."""
        return self.read_list(self, value, pointer)

    def function(self, name: str, pointer: str) -> Task | None:
        """The task of `use.functions.<name>`, compiled once; it sees its input and no variables of loops.

        `pointer` is where it is called: a function that comes to call itself is a problem there.
        """
        if name not in self.functions:
            self.functions[name] = None
            place = child("/use/functions", name)
            inner = replace(self, extra_variables=frozenset(), targets=[])
            read = self.read_task
            task = None if read is None else read(inner, name, self.declared["functions"][name], place)
            self.functions[name] = task
            return task
        if self.functions[name] is None:
            self.problem(pointer, f"the function {shortened(name)!r} is broken, or calls itself")
        return self.functions[name]

    def target(self, value: Json, pointer: str) -> str:
        """A flow directive. Names are checked when the whole list is known."""
        if not isinstance(value, str) or not value:
            self.problem(pointer, "must be continue, exit, end or the name of a task of the same list")
            return "continue"
        if value not in DIRECTIVES:
            self.targets.append((value, pointer))
        return value

    def optional(self, fields: Mapping[str, Json], key: str, pointer: str, read: Callable[[Json, str], T]) -> T | None:
        """`read(value, pointer)` of a field that may be absent."""
        return read(fields[key], child(pointer, key)) if key in fields else None
