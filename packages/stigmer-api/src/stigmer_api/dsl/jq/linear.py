"""jq functions that jq itself defines by copying or by recursion: quadratic or limited in depth there, loops here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.jq.costs import binop_cost, spend
from stigmer_api.dsl.jq.regex import REPLACING
from stigmer_api.dsl.jq.seam import Filter, encode, ops


def _from_entries(value: Json, _env: Any) -> Iterator[Json]:
    result: dict[str, Json] = {}
    for entry in ops.iterate_value(value):
        fields = entry if isinstance(entry, dict) else {}
        key = next((fields[k] for k in _KEY_NAMES if fields.get(k) not in (None, False)), None)
        if key is None:
            key = next((fields[k] for k in _KEY_NAMES if fields.get(k) is False), None)
        text = key if isinstance(key, str) else encode(key if fields else entry)
        result[text] = next((fields[k] for k in ("value", "v", "Value", "V") if k in fields), None)
    yield result


_KEY_NAMES: Final = ("key", "k", "name", "Name", "Key", "K")


def _add(value: Json, _env: Any) -> Iterator[Json]:
    items = [item for item in ops.iterate_value(value) if item is not None] if value is not None else []
    if items and all(isinstance(item, str) for item in items):
        yield "".join(items)
    elif items and all(isinstance(item, list) for item in items):
        yield [element for item in items for element in item]
    elif items and all(isinstance(item, dict) for item in items):
        yield {key: element for item in items for key, element in item.items()}
    else:
        total: Json = None
        for item in items:
            spend(binop_cost("+", total, item))
            total = ops.add_values(total, item)
        yield total


def _until(value: Json, _env: Any, condition: Any, update: Any) -> Iterator[Json]:
    state = value
    while not ops.truthy(next(condition.vals(state), None)):
        spend(1)
        results = list(update.vals(state))
        if not results:
            return
        state = results[0]
    yield state


LINEAR: Final[dict[tuple[str, int], Filter]] = {
    ("from_entries", 0): _from_entries,
    ("add", 0): _add,
    ("until", 2): _until,
    **REPLACING,
}
