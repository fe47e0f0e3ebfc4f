"""A quick look at a message that often proves that it breaks no field rule, and never claims that one does.

protovalidate reads every field by reflection, at about ten times the price of parsing the message. Most messages carry
only a few simple rules, though, and most requests break none. What carries any other rule is not judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from typing import Any

__all__ = ["surely_valid"]

Proof = Callable[[Any], bool]
"""message -> whether this part of its rules surely holds."""

_FIELD = "buf.validate.field"
_RULES = "buf.validate."


def surely_valid(message: Any) -> bool:
    """Whether `message` breaks no rule for sure. False says nothing."""
    for holds in _proofs(message.DESCRIPTOR):  # noqa: SIM110 - it runs for every request, and a generator costs more
        if not holds(message):
            return False
    return True


@cache
def _proofs(descriptor: Any) -> tuple[Proof, ...]:
    """What to look at in a message of this type."""
    if any(_rules(item) for item in (descriptor, *descriptor.oneofs)):
        return (_unknown,)
    return tuple(proof for field in descriptor.fields for proof in _proofs_of_field(field))


def _proofs_of_field(field: Any) -> Iterator[Proof]:
    for rule in _rules(field):
        yield from _proofs_of_rule(field, rule)
    value = _value_type(field)
    if value is not None and _reaches_rules(value):
        yield _proof_of_inner(field)


def _proofs_of_rule(field: Any, rule: Any) -> Iterator[Proof]:
    if field.is_repeated or rule.DESCRIPTOR.full_name != f"{_RULES}FieldRules":
        yield _unknown
        return
    for part, value in rule.ListFields():
        if part.name == "required":
            yield _is_set(field)
        elif part.message_type is None or part.is_repeated:  # `ignore`, expressions
            yield _unknown
        else:
            yield from (_proof_of_term(field, part.name, term.name, given) for term, given in value.ListFields())


def _proof_of_term(field: Any, type_name: str, term: str, given: Any) -> Proof:
    value = attrgetter(field.name)
    if (type_name, term) == ("string", "min_len"):
        return lambda message: len(value(message)) >= given
    if (type_name, term) == ("string", "max_len"):
        return lambda message: len(value(message)) <= given
    if type_name in {"int32", "int64"} and term == "gte":
        return lambda message: bool(value(message) >= given)
    if (type_name, term) == ("enum", "defined_only") and given:
        numbers = frozenset(field.enum_type.values_by_number)
        return lambda message: value(message) in numbers
    return _unknown


def _is_set(field: Any) -> Proof:
    name = field.name
    if field.has_presence:
        return lambda message: bool(message.HasField(name))
    return lambda message: bool(getattr(message, name))


def _proof_of_inner(field: Any) -> Proof:
    value = attrgetter(field.name)
    if field.message_type.GetOptions().map_entry:
        return lambda message: all(map(surely_valid, value(message).values()))
    if field.is_repeated:  # a slice, because iterating over such a list itself ends with a costly IndexError
        return lambda message: all(map(surely_valid, value(message)[:]))
    return lambda message: not message.HasField(field.name) or surely_valid(value(message))


def _unknown(_message: Any) -> bool:
    return False


def _rules(element: Any) -> list[Any]:
    """The values of all options of protovalidate at a message, field or oneof."""
    return [value for option, value in element.GetOptions().ListFields() if option.full_name.startswith(_RULES)]


def _value_type(field: Any) -> Any:
    """The type of the messages in a field, for a map that of its values; None for anything else."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return field.message_type.fields_by_name["value"].message_type
    return field.message_type


@cache
def _reaches_rules(descriptor: Any) -> bool:
    """Whether a message of this type, or any that it can hold at any depth, has rules."""
    seen, left = {descriptor.full_name}, [descriptor]
    while left:
        current = left.pop()
        if any(_rules(item) for item in (current, *current.oneofs, *current.fields)):
            return True
        for value in filter(None, map(_value_type, current.fields)):
            if value.full_name not in seen:
                seen.add(value.full_name)
                left.append(value)
    return False
