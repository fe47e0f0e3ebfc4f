"""Values as JSON text for display: whole when short, else their beginning and how long they are.

A report is made inside a workflow step, which may take two seconds; so the work of one excerpt is bounded however
large its value is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.json_text import to_text

MAX_TEXT: Final = 8 * 1024
"""Characters of one value."""

_MAX_NODES: Final = 3_000
_MAX_DEPTH: Final = 50
_WHOLE: Final = 4 * MAX_TEXT
_NOTHING: Final = object()


def truncated(value: Json) -> str:
    """A value as JSON text; a long one becomes a JSON string with its beginning."""
    return to_text(short_value(value))


def short_value(value: Json) -> Json:
    """The value, or a text with its beginning when its JSON text is longer than `MAX_TEXT`."""
    size, whole = measured(value)
    if whole and size <= _WHOLE:
        text = to_text(value)
        return value if len(text) <= MAX_TEXT else cut(text, f"{len(text)} characters")
    beginning = to_text(_Pruner().prune(value))
    return cut(beginning, f"{size} characters" if whole else f"more than {size} characters")


def cut(text: str, length: str) -> str:
    """The beginning of a long text, and how long the whole is."""
    return f"{text[: MAX_TEXT - 100]}… ({length})"


def measured(value: Json) -> tuple[int, bool]:
    """About how many characters the JSON text of a value has, and whether that counts all of it."""
    size, left = 0, _MAX_NODES
    waiting: list[Iterator[Json]] = [iter((value,))]
    while waiting:
        item = next(waiting[-1], _NOTHING)
        if item is _NOTHING:
            waiting.pop()
            continue
        left -= 1
        if left < 0:
            return size, False
        if isinstance(item, str):
            size += len(item) + 2
        elif isinstance(item, dict | list):
            size += 2 + max(0, len(item) - 1)
            waiting.append(_members(item))
            if isinstance(item, dict) and len(item) <= _MAX_NODES:
                size += sum(len(key) + 3 for key in item)
        else:
            size += 4
    return size, True


def _members(value: dict[str, Json] | list[Json]) -> Iterator[Json]:
    return iter(value.values() if isinstance(value, dict) else value)


class _Pruner:
    """Copies the beginning of a value: about `MAX_TEXT` characters of it."""

    def __init__(self) -> None:
        self._left = MAX_TEXT

    def prune(self, value: Json, depth: int = 0) -> Json:
        """The beginning of `value`."""
        if isinstance(value, str):
            self._left -= len(value) + 2
            return value[:MAX_TEXT]
        self._left -= 4
        if isinstance(value, dict | list) and depth > _MAX_DEPTH:
            return "…"
        if isinstance(value, dict):
            return {key[:MAX_TEXT]: self.prune(value[key], depth + 1) for key in self._some(value)}
        return [self.prune(item, depth + 1) for item in self._some(value)] if isinstance(value, list) else value

    def _some(self, items: Iterable[Json]) -> Iterator[Json]:
        """Items as long as there is room."""
        for item in items:
            if self._left <= 0:
                return
            yield item
