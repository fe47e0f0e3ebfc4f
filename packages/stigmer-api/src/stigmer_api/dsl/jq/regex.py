"""Regular expressions in linear time: RE2 instead of a backtracking engine, and every search pays for what it reads.

What only backtracking can do (looking around, back references, possessive repetition) is an error. `\\w`, `\\d` and
`\\s` mean letters, digits and spaces of Unicode, as in jq; `\\b` and, inside brackets, `\\W` and `\\S` know ASCII only.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2  # type: ignore[import-untyped] # it has no types

from stigmer_api.dsl.jq.costs import MAX_REGEX_PATTERN, MAX_REGEX_SUBJECT, spend
from stigmer_api.dsl.jq.seam import Filter, builtins, jq_error

LARGE: Final = 40
"""Instructions of a program from which RE2 may have to follow many states at once for each character."""

_WORD: Final = r"\p{L}\p{M}\p{N}\p{Pc}"
_SPACE: Final = r"\s\x0b\x{85}\p{Z}"
_OUTSIDE: Final = {
    "w": f"[{_WORD}]", "W": f"[^{_WORD}]", "d": r"\p{Nd}", "D": r"\P{Nd}",
    "s": f"[{_SPACE}]", "S": f"[^{_SPACE}]", "h": "[0-9a-fA-F]", "H": "[^0-9a-fA-F]", "Z": r"\n?\z",
}  # fmt: skip
_INSIDE: Final = {"w": _WORD, "d": r"\p{Nd}", "D": r"\P{Nd}", "s": _SPACE, "h": "0-9a-fA-F"}
_FLAGS: Final = {"i": "i", "s": "s", "m": "m"}
_IGNORED: Final = "gnlp"
_PIECE: Final = re.compile(r"\\(?:[pPx]\{[^}]*\}|x[0-9a-fA-F]{2}|.)|\[\^?\]?|\]|.", re.DOTALL)


class Bounded:
    """A compiled pattern with the part of Python's interface that jq's functions use."""

    def __init__(self, pattern: str, flags: str) -> None:
        try:
            self._pattern: Any = re2.compile(_translated(pattern, flags, unicode=True), _OPTIONS)
            plain: Any = re2.compile(_translated(pattern, flags, unicode=False), _OPTIONS)
        except re2.error as error:
            reason = error.args[0].decode("utf-8", "replace") if error.args else "it cannot be compiled"
            raise jq_error(
                f"the regular expression {pattern!r} is not supported: {reason}"
                " (looking around and back references are not: write it without them)"
            ) from error
        # How many states may be alive at once; the many instructions that a class of Unicode takes are no such states.
        self._size = int(plain.programsize)

    @property
    def groups(self) -> int:
        """How many groups it has."""
        return int(self._pattern.groups)

    @property
    def groupindex(self) -> dict[str, int]:
        """The numbers of its named groups."""
        return dict(self._pattern.groupindex)

    def search(self, text: str, position: int = 0) -> Match | None:
        """The first match from `position` on."""
        if len(text) > MAX_REGEX_SUBJECT:
            raise jq_error(f"a regular expression may search at most {MAX_REGEX_SUBJECT} characters")
        left = len(text) - position
        spend(4 + left // 256 + (left * self._size // 256 if self._size > LARGE else 0))
        data, offsets = _encoded(text)
        found = self._pattern.search(data, position if offsets is None else bisect_left(offsets, position))
        if found is None:
            return None
        spans = [found.span(group) for group in range(self.groups + 1)]
        if offsets is not None:
            spans = [(-1, -1) if start < 0 else (offsets[start], offsets[end]) for start, end in spans]
        spend((spans[0][1] - position) * min(self._size, LARGE) // 256)
        return Match(self, text, spans)


@dataclass(frozen=True, slots=True)
class Match:
    """A match; positions count characters. `re` is its pattern."""

    re: Bounded
    text: str
    spans: list[tuple[int, int]]

    def group(self, which: int | str = 0) -> str | None:
        """The text of a group, None when it took no part."""
        start, end = self.spans[self.re.groupindex[which] if isinstance(which, str) else which]
        return None if start < 0 else self.text[start:end]

    def start(self, group: int = 0) -> int:
        """Where a group begins."""
        return self.spans[group][0]

    def end(self, group: int = 0) -> int:
        """Where a group ends."""
        return self.spans[group][1]


@lru_cache(maxsize=4)
def _encoded(text: str) -> tuple[bytes, list[int] | None]:
    """The bytes that RE2 reads, and for each of them its character; None when the numbers are the same."""
    data = text.encode("utf-8", "replace")
    if len(data) == len(text):
        return data, None
    offsets = [index for index, char in enumerate(text) for _ in char.encode("utf-8", "replace")]
    return data, [*offsets, len(text)]


def compile_regex(pattern: Any, flags: Any) -> tuple[Bounded, bool]:
    """A pattern, and whether it is to be found everywhere. Takes the place of purejq's own.

    Raises:
        purejq.errors.JqError: it is no pattern, or not one that runs in linear time.
    """
    if not isinstance(pattern, str):
        raise jq_error(f"{type(pattern).__name__} cannot be matched, as it is not a string")
    if flags is not None and not isinstance(flags, str):
        raise jq_error("the flags of a regular expression are not a string")
    if len(pattern) > MAX_REGEX_PATTERN:
        raise jq_error(f"a regular expression may have at most {MAX_REGEX_PATTERN} characters")
    for flag in flags or "":
        if flag not in _FLAGS and flag not in _IGNORED and flag != "x":
            raise jq_error(f"{flags} is not a valid modifier string")
    return _compiled(pattern, "".join(sorted(set(flags or "")))), "g" in (flags or "")


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: str) -> Bounded:
    return Bounded(pattern, flags)


def _translated(pattern: str, flags: str, *, unicode: bool) -> str:
    """The pattern as RE2 writes it."""
    parts: list[str] = []
    inside = comment = False
    for match in _PIECE.finditer(pattern):
        piece = match.group()
        if comment:
            comment = piece != "\n"
        elif piece.startswith("\\") and len(piece) == 2 and unicode:
            parts.append((_INSIDE if inside else _OUTSIDE).get(piece[1], piece))
        elif piece.startswith("\\"):
            parts.append(piece if len(piece) == 2 and piece[1] not in "hHZ" else ".")
        elif piece.startswith("[") and not inside:
            inside = True
            parts.append(piece)
        elif inside:
            inside = piece != "]"
            parts.append("\\[" if piece == "[" else piece)
        elif "x" in flags and (piece.isspace() or piece == "#"):
            comment = piece == "#"
        else:
            parts.append(piece)
    on = "".join(_FLAGS[flag] for flag in flags if flag in _FLAGS)
    return (f"(?{on})" if on else "") + "".join(parts)


_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False


def _replaced(name: str, arguments: int) -> Filter:
    """`sub` and `gsub` without recursion, where each match has one replacement; else as purejq does it."""
    original = builtins.PY_BUILTINS[(name, arguments)]

    def run(value: Any, env: Any, *given: Any) -> Iterator[Any]:
        if not isinstance(value, str):
            yield from original(value, env, *given)
            return
        for pattern, everywhere in builtins._regex_args(value, env, given[0], given[2] if arguments == 3 else None):  # noqa: SLF001 - the seam
            parts, end = [], 0
            for match in builtins._iter_matches(pattern, value, everywhere or name == "gsub"):  # noqa: SLF001 - the seam
                found = list(given[1].vals(builtins._capture_obj(match)))  # noqa: SLF001 - the seam
                if len(found) != 1 or not isinstance(found[0], str):
                    yield from original(value, env, *given)
                    return
                parts += [value[end : match.start()], found[0]]
                end = match.end()
            yield "".join([*parts, value[end:]])

    return run


REPLACING: Final = {(name, count): _replaced(name, count) for name in ("sub", "gsub") for count in (2, 3)}
"""Functions that take the place of purejq's, by name and number of arguments."""
