"""Selectors as kubectl writes them, made into requirements of a list; bad ones are refused with their place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from stigmer_api.errors import InvalidArgument
from stigmer_api.kinds import Kind
from stigmer_server.resources.metadata import violation
from stigmer_server.resources.references import near_names
from stigmer_store import Operator, Requirement

if TYPE_CHECKING:
    from stigmer_server.resources.strategy import ResourceStrategy

__all__ = ["field_requirements", "label_requirements"]

Side = Literal["labels", "fields"]

_LABEL_FORMS = "KEY=VALUE, KEY!=VALUE, KEY in (A,B), KEY notin (A,B), KEY, !KEY"
_FIELD_FORMS = "FIELD=VALUE, FIELD!=VALUE"
_KEY = r"(?P<key>[^\s=!,()]+)"
_EQUALITY = re.compile(rf"{_KEY}\s*(?P<sign>==|=|!=)\s*(?P<value>[^\s=!,()]*)")
_SET = re.compile(rf"{_KEY}\s+(?P<word>in|notin)\s*\((?P<values>[^()]*)\)")
_PRESENCE = re.compile(rf"(?P<absent>!\s*)?{_KEY}")
_LONGEST = 4096


def label_requirements(text: str) -> tuple[Requirement, ...]:
    """The terms of a label selector; all must hold. Raises InvalidArgument naming the term that is wrong."""
    return tuple(_label_term(term) for term in _terms("label_selector", text, _LABEL_FORMS))


def field_requirements(
    text: str, kinds: Iterable[Kind], strategy_of: Callable[[Kind], ResourceStrategy]
) -> tuple[Requirement, ...]:
    """The terms of a field selector over these kinds; all must hold.

    A field must be declared by one of the kinds at least; resources of the others do not have it. Raises
    InvalidArgument with the declared ones.
    """
    strategies = [strategy_of(kind) for kind in kinds]
    declared = sorted(set().union(*(strategy.queryable for strategy in strategies)))
    found = []
    for term in _terms("field_selector", text, _FIELD_FORMS):
        match = _EQUALITY.fullmatch(term)
        if match is None:
            raise _unreadable("field_selector", term, _FIELD_FORMS)
        name = match["key"]
        if name not in declared:
            raise _undeclared(name, declared)
        owner = next(strategy for strategy in strategies if name in strategy.queryable)
        value = owner.field_value(name, match["value"])
        found.append(_equality("fields", name, match["sign"], value))
    return tuple(found)


def _label_term(term: str) -> Requirement:
    if match := _EQUALITY.fullmatch(term):
        return _equality("labels", match["key"], match["sign"], match["value"])
    if match := _SET.fullmatch(term):
        operator = Operator.IN if match["word"] == "in" else Operator.NOT_IN
        values = tuple(value.strip() for value in match["values"].split(","))
        return Requirement("labels", match["key"], operator, values)
    if match := _PRESENCE.fullmatch(term):
        return Requirement("labels", match["key"], Operator.ABSENT if match["absent"] else Operator.EXISTS)
    raise _unreadable("label_selector", term, _LABEL_FORMS)


def _equality(side: Side, name: str, sign: str, value: str) -> Requirement:
    return Requirement(side, name, Operator.NOT_IN if sign == "!=" else Operator.IN, (value,))


def _terms(field: str, text: str, forms: str) -> Iterator[str]:
    """Split at the commas that are in no parentheses."""
    if len(text) > _LONGEST:
        raise violation(field, f"is longer than {_LONGEST} characters")
    if not text.strip():
        return
    for term in re.split(r",(?![^(]*\))", text):
        if not term.strip():
            raise _unreadable(field, text, forms)
        yield term.strip()


def _unreadable(field: str, term: str, forms: str) -> InvalidArgument:
    return violation(field, f"{term!r} is no selector; write terms with commas between them: {forms}")


def _undeclared(name: str, declared: list[str]) -> InvalidArgument:
    near = near_names(name, declared, limit=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    offered = f"declared are {', '.join(declared)}" if declared else "these kinds declare none"
    return violation("field_selector", f"there is no field {name!r} to select by; {offered}{meant}")
