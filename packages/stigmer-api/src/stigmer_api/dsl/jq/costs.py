"""What work costs, and who pays: the budget of the running evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Final

from purejq.errors import JqError

from stigmer_api.dsl.errors import DslError, Json
from stigmer_api.dsl.jq.seam import jq_error, ops

BUDGET: Final = 600_000
"""Units one evaluation may spend. One unit is about a microsecond, far from Temporal's two seconds."""

MAX_REGEX_SUBJECT: Final = 32 * 1024
MAX_REGEX_PATTERN: Final = 512

MAX_INTEGER_BITS: Final = 1024
MAX_ITEMS: Final = 1_000_000
"""Elements of a list or object, and characters of a text, that one operation may make."""


class BudgetExceededError(DslError):
    """An evaluation spent its whole budget."""

    def __init__(self) -> None:
        super().__init__(f"the expression needs more than {BUDGET} steps")


budget: ContextVar[list[int]] = ContextVar("jq_budget")
"""What the running evaluation has left, in a list of one."""


def spend(units: int) -> None:
    """Take `units` from the budget of the running evaluation."""
    cell = budget.get()
    cell[0] -= units
    if cell[0] < 0:
        raise BudgetExceededError


def weigh(value: Json) -> int:
    """The number of values inside `value`, text counted by its length; stops when it exceeds the budget."""
    stack, total = [value], 0
    while stack and total <= BUDGET:
        item = stack.pop()
        total += 1
        if isinstance(item, str):
            total += len(item) // 64
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
            total += len(item)
    return total


def path_cost(value: Json, path: list[Json]) -> int:
    cost = 0
    for key in path:
        if isinstance(value, list | dict):
            cost += 1 + len(value) // (128 if isinstance(value, list) else 16)
        if isinstance(key, int | float) and not math.isnan(key) and abs(key) < 1e9:
            cost += int(abs(key)) // 16
        try:
            value = ops.index_value(value, key)
        except (JqError, ValueError, OverflowError):
            value = None
    return cost


def checked_number(value: Json) -> Json:
    """`value`, unless it is an integer with more digits than any reader of JSON takes."""
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        raise jq_error("the number is too large")
    return value


def binop_cost(op: str, a: Json, b: Json) -> int:
    if op == "*":
        if isinstance(a, int) and isinstance(b, int):
            return 1 + (a.bit_length() * b.bit_length()) // 4096
        for text, count in ((a, b), (b, a)):
            if isinstance(text, str) and isinstance(count, int | float) and not math.isnan(count):
                return 1 + int(min(len(text) * max(count, 0), 1e12)) // 64
        return weigh(a) + weigh(b) if isinstance(a, dict) else 1
    if op == "+":
        size = sum(len(x) for x in (a, b) if isinstance(x, str | list | dict))
        if size > MAX_ITEMS:
            raise BudgetExceededError
        return 1 + size // (16 if isinstance(a, dict) else 128)
    if isinstance(a, list | dict) and isinstance(b, list | dict):
        return weigh(a) + weigh(b)
    return 1


def _shallow(value: Json) -> int:
    return len(value) // 2 if isinstance(value, str | list | dict) else 0


_DEEP: Final = (
    "contains", "flatten", "from_entries", "group_by", "indices", "max", "max_by", "min", "min_by",
    "sort", "sort_by", "tojson", "tostream", "tostring", "unique", "unique_by",
)  # fmt: skip
_FLAT: Final = (
    "add", "bsearch", "delpaths", "explode", "fromjson", "has", "implode", "join", "keys", "keys_unsorted",
    "map", "reverse", "setpath", "split", "test", "trim",
)  # fmt: skip
PRICES: Final[dict[str, Callable[[Json], int]]] = {**dict.fromkeys(_DEEP, weigh), **dict.fromkeys(_FLAT, _shallow)}


def _guard_pow(value: Json, closures: Sequence[Any]) -> None:
    for exponent in closures[1].vals(value):
        for base in closures[0].vals(value):
            whole = isinstance(base, int) and isinstance(exponent, int)
            if whole and exponent > 0 and base.bit_length() * exponent > MAX_INTEGER_BITS:
                raise jq_error("the number is too large")


def _guard_path(value: Json, closures: Sequence[Any]) -> None:
    for path in closures[0].vals(value):
        if isinstance(path, list):
            spend(path_cost(value, path))


GUARDS: Final[dict[str, Callable[[Json, Sequence[Any]], None]]] = {
    "pow": _guard_pow,
    "setpath": _guard_path,
}
