"""Runtime expressions: jq text inside `${ }`, and templates that hold expressions at any depth.

Expressions are part of the definition, never of data: a result is not looked at again for `${ }`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from purejq import JqError, JqParseError

from stigmer_api.dsl.errors import DslError, Json
from stigmer_api.dsl.jq.costs import BudgetExceededError
from stigmer_api.dsl.jq.names import UnknownNameError
from stigmer_api.dsl.jq.program import Program, compile_program

WRAPPED: Final = re.compile(r"\s*\$\{(.*)\}\s*", re.DOTALL)

# What purejq's internals let through when a program does something odd to odd data.
_EVALUATION_FAILURES: Final = (
    JqError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class ExpressionInvalidError(DslError):
    """The text is no valid expression."""


class ExpressionFailedError(DslError):
    """Evaluating an expression failed; the text quotes the expression."""


@dataclass(slots=True)
class Meter:
    """Counts the work that expressions did since somebody set it to zero."""

    spent: int = 0


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression. `variables` are the names (without `$`) that it needs.

    A `loose` one is text that may have been meant as text: that is its value when it cannot be evaluated.
    """

    text: str
    program: Program
    loose: bool = False

    @property
    def variables(self) -> frozenset[str]:
        """The names, without `$`, that evaluation must supply."""
        return self.program.variables

    def evaluate(self, value: Json, variables: dict[str, Json], now: float, meter: Meter) -> Json:
        """The first result on `value`, None when there is none. `now` is the workflow's time in epoch seconds.

        Raises:
            ExpressionFailedError: jq raised an error, or the budget was not enough.
        """
        try:
            result, cost = self.program.first(value, variables, now)
        except BudgetExceededError as error:
            raise ExpressionFailedError(f"{error}: {_short(self.text)}") from error
        except _EVALUATION_FAILURES as error:
            if self.loose:
                return self.text
            reason = "it recurses too deeply" if isinstance(error, RecursionError) else str(error)
            raise ExpressionFailedError(f"{reason}: {_short(self.text)}") from error
        meter.spent += cost
        if isinstance(result, float) and not math.isfinite(result):
            return None  # JSON has no such number; jq writes null too
        return result


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "..."


def compile_expression(text: str) -> Expression:
    """Compile jq text, with or without `${ }`.

    Raises:
        ExpressionInvalidError: it is not jq, or calls what does not exist or is refused.
    """
    return _compile_once(text) if len(text) <= _CACHED else _compile(text)


def _compile(text: str) -> Expression:
    match = WRAPPED.fullmatch(text)
    source = (match.group(1) if match else text).strip()
    if not source:
        raise ExpressionInvalidError("the expression is empty")
    try:
        return Expression(source, compile_program(source))
    except JqParseError as error:
        raise ExpressionInvalidError(f"not a jq expression: {error}: {_short(source)}") from error
    except UnknownNameError as error:
        raise ExpressionInvalidError(f"{error}: {_short(source)}") from error
    except (ValueError, RecursionError) as error:
        raise ExpressionInvalidError(f"not a jq expression: {type(error).__name__}: {_short(source)}") from error


_compile_once = lru_cache(maxsize=4096)(_compile)
_CACHED: Final = 1_000
"""Characters of the longest text that is kept compiled: a program is many times the size of its text."""


def is_expression(text: str) -> bool:
    """Whether a plain string of a definition is an expression: wholly wrapped in `${ }`."""
    return WRAPPED.fullmatch(text) is not None


Evaluator = Callable[[Expression], Json]


@dataclass(frozen=True, slots=True)
class Template:
    """A value of the definition that may hold expressions at any depth."""

    value: Json
    render: Callable[[Evaluator], Json] | None = None

    @property
    def constant(self) -> bool:
        """Whether there is nothing to evaluate."""
        return self.render is None

    def evaluate(self, evaluator: Evaluator) -> Json:
        """The value with each expression replaced by what `evaluator` gives for it."""
        return self.value if self.render is None else self.render(evaluator)


def build_template(value: Json, expression_at: Callable[[str, str], Expression | None], pointer: str = "") -> Template:
    """Compile `value`; `expression_at(text, pointer)` gives the expression of a text, None for plain text."""
    if isinstance(value, str):
        expression = expression_at(value, pointer)
        return Template(value, (lambda evaluator: evaluator(expression)) if expression is not None else None)
    render: Callable[[Evaluator], Json] | None = None
    if isinstance(value, Mapping):
        fields = {key: build_template(item, expression_at, f"{pointer}/{key}") for key, item in value.items()}
        if not all(field.constant for field in fields.values()):
            render = lambda e: {key: field.evaluate(e) for key, field in fields.items()}  # noqa: E731 - one line
    elif isinstance(value, list):
        items = [build_template(item, expression_at, f"{pointer}/{i}") for i, item in enumerate(value)]
        if not all(item.constant for item in items):
            render = lambda e: [item.evaluate(e) for item in items]  # noqa: E731 - one line
    return Template(value, render)
