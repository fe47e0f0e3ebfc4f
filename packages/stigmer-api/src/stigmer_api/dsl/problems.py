"""What is wrong with a document: every problem at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stigmer_api.dsl.errors import DslError

MAX_SHOWN = 50
MAX_NOTED = 500
"""Problems of one document that are kept; whoever has more will not read them."""
MAX_MESSAGE = 1_000
"""Characters of one message; what it quotes may be any length."""


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


class DocumentEmptyError(DocumentInvalidError):
    """There is no document at all."""


class Problems:
    """Collects problems while a document is read."""

    def __init__(self, lines: Mapping[str, int] | None = None) -> None:
        self._lines = {} if lines is None else lines
        self._found: list[Problem] = []
        self._dropped = 0

    def add(self, pointer: str, message: str) -> None:
        """Note that `message` is wrong at `pointer`; the line is that of the nearest known ancestor."""
        if len(self._found) >= MAX_NOTED:
            self._dropped += 1
            return
        place = pointer
        while place and place not in self._lines:
            place = place.rpartition("/")[0]
        self._found.append(Problem(pointer, shortened(message, MAX_MESSAGE), self._lines.get(place, 0)))

    def raise_if_any(self) -> None:
        """Raise `DocumentInvalidError` with everything found, in the order of the document."""
        if self._found:
            found = sorted(self._found, key=lambda problem: problem.line)
            if self._dropped:
                found.append(Problem("", f"... and {self._dropped} more problems"))
            raise DocumentInvalidError(found)


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names for a message; of many only the first."""
    known = list(names)
    rest = f" and {len(known) - most} more" if len(known) > most else ""
    return (", ".join(shortened(name) for name in known[:most]) or "nothing") + rest


def shortened(text: str, most: int = 100) -> str:
    """Text for a message, cut when it is long."""
    return text if len(text) <= most else text[:most] + "..."


def child(pointer: str, *keys: str | int) -> str:
    """`pointer` followed by `keys`, escaped as JSON pointer segments."""
    return pointer + "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
