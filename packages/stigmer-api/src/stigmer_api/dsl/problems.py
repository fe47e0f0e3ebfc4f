"""What is wrong with a document: every problem at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stigmer_api.dsl.errors import DslError

MAX_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `pointer` is a JSON pointer, `line` counts from 1 (0: not known)."""

    pointer: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        place = self.pointer or "/"
        return f"line {self.line}, {place}: {self.message}" if self.line else f"{place}: {self.message}"


class DocumentInvalidError(DslError):
    """The document cannot be run. `problems` lists everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [str(problem) for problem in self.problems[:MAX_SHOWN]]
        if len(self.problems) > MAX_SHOWN:
            shown.append(f"... and {len(self.problems) - MAX_SHOWN} more")
        super().__init__("; ".join(shown))


class Problems:
    """Collects problems while a document is read."""

    def __init__(self, lines: Mapping[str, int] | None = None) -> None:
        self._lines = {} if lines is None else lines
        self._found: list[Problem] = []

    def add(self, pointer: str, message: str) -> None:
        """Note that `message` is wrong at `pointer`; the line is that of the nearest known ancestor."""
        place = pointer
        while place and place not in self._lines:
            place = place.rpartition("/")[0]
        self._found.append(Problem(pointer, message, self._lines.get(place, 0)))

    def raise_if_any(self) -> None:
        """Raise `DocumentInvalidError` with everything found, in the order of the document."""
        if self._found:
            raise DocumentInvalidError(sorted(self._found, key=lambda problem: problem.line))


def child(pointer: str, *keys: str | int) -> str:
    """`pointer` followed by `keys`, escaped as JSON pointer segments."""
    return pointer + "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
