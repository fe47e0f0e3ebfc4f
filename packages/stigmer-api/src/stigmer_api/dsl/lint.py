"""Hints about documents that are valid and yet hardly meant so: what people and models often get wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import is_expression
from stigmer_api.dsl.hidden import has_placeholders
from stigmer_api.dsl.model import DIRECTIVES
from stigmer_api.dsl.problems import Problem, child, shortened

_NO_EXPRESSIONS: Final = frozenset(
    {"code", "command", "default", "definition", "description", "details", "document", "metadata", "summary", "tags",
     "title"}
)  # fmt: skip
"""Keys below which text is meant as it is: code of other languages, schemas, words for people."""
_CONDITIONS: Final = ("if", "when", "exceptWhen", "while")
_LISTS: Final = ("do", "try", "branches", "before", "after")
_SECTIONS: Final = {"functions": "call", "retries": "retry", "errors": "error", "timeouts": "timeout"}

_DOUBLE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_EMBEDDED = re.compile(r"\$\{[^}]*\}")
_BARE = re.compile(
    r"\$\.?(?:context|input|output|task|workflow|item|[a-z]+)(?:\.|\[)|\$\.[A-Za-z_]|\$(?:context|error|input|item|index|task|workflow)$"
)
_LITERAL = re.compile(r"""\s*(?:\$\{)?\s*(?:"[^"]*"|'[^']*'|[0-9.]+)\s*\}?\s*""")


def hints_of(document: Mapping[str, Json], lines: Mapping[str, int]) -> list[Problem]:
    """The hints of a valid document, in its order."""
    loose = (document.get("evaluate") or {}).get("mode") == "loose"
    found = [*_walk(document, "", loose=loose), *_unreachable(document, ""), *_unused(document)]
    placed = [Problem(pointer, message, _line(pointer, lines)) for pointer, message in found]
    return sorted(placed, key=lambda problem: problem.line)


def _line(pointer: str, lines: Mapping[str, int]) -> int:
    while pointer and pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer, 0)


def _walk(value: Json, pointer: str, *, loose: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and not loose:
        yield from ((pointer, message) for message in _text(value))
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        place = child(pointer, key)
        if key in _CONDITIONS and isinstance(item, str):
            if _LITERAL.fullmatch(item):
                yield (
                    place,
                    f"{shortened(item)} is the same for every input, and true: write an expression such as .x > 1",
                )
        elif key == "retry" and isinstance(item, Mapping) and not item.get("limit"):
            yield place, "retries without a limit go on for ever: add limit: {attempt: {count: 5}}"
            yield from _walk(item, place, loose=loose)
        elif key not in _NO_EXPRESSIONS and key not in ("from", "as", "in", "until", "filter"):
            yield from _walk(item, place, loose=loose)


def _text(text: str) -> Iterator[str]:
    if is_expression(text) or has_placeholders(text):
        if text.lstrip().startswith("${{"):
            yield "${{ }} is an expression that gives an object: write ${ }"
        return
    if _DOUBLE.search(text):
        yield "{{ }} is plain text here: write ${ } around the whole value"
    elif _EMBEDDED.search(text):
        yield 'an expression inside a text is plain text: write ${ "... \\(.x) ..." } around the whole value'
    elif _BARE.match(text):
        yield f"{shortened(text)} is plain text here: write ${{ }} around it"


def _unreachable(value: Json, pointer: str) -> Iterator[tuple[str, str]]:
    """Tasks that no task of their list leads to."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        place = child(pointer, key)
        if key in _LISTS and key != "branches" and isinstance(item, list):
            yield from _dead(item, place)
        if key not in _NO_EXPRESSIONS:
            yield from _unreachable(item, place)


def _dead(tasks: list[Json], pointer: str) -> Iterator[tuple[str, str]]:
    targets = {target for task in tasks for target in _targets(task)}
    flows_on = True
    for index, task in enumerate(tasks):
        for name, body in task.items() if isinstance(task, Mapping) else ():
            if not flows_on and name not in targets:
                yield child(pointer, index, name), f"no task leads to {shortened(name)!r}"
            then = body.get("then", "continue") if isinstance(body, Mapping) else "continue"
            leaves = then != "continue" or (isinstance(body, Mapping) and "raise" in body)
            flows_on = not leaves or "if" in body or _goes_on(body)


def _goes_on(body: Mapping[str, Json]) -> bool:
    """Whether a switch has a case that continues, or none that always holds."""
    cases = [case for item in body.get("switch", []) for case in item.values()]
    return bool(cases) and body.get("then", "continue") == "continue"


def _targets(task: Json) -> Iterator[str]:
    """Names that a task of a list leads to, by itself, its cases or its catch."""
    for body in task.values() if isinstance(task, Mapping) else ():
        if not isinstance(body, Mapping):
            continue
        cases = [case for item in body.get("switch", []) if isinstance(item, Mapping) for case in item.values()]
        for holder in (body, body.get("catch"), *cases):
            then = holder.get("then") if isinstance(holder, Mapping) else None
            if isinstance(then, str) and then not in DIRECTIVES:
                yield then


def _unused(document: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """What `use` declares and nothing names."""
    use = document.get("use") or {}
    named = set(_texts({key: value for key, value in document.items() if key != "use"}))
    named |= set(_texts({key: value for key, value in use.items() if key in ("functions", "extensions")}))
    for section in _SECTIONS:
        for name in use.get(section) or {}:
            if name not in named:
                yield child("/use", section, name), f"nothing uses {shortened(name)!r} of use.{section}"


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)
