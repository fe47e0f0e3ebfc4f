"""The quick look at a message: what it finds valid breaks no rule, and it finds what is asked most."""

from __future__ import annotations

import random
from typing import Any

import protovalidate

from stigmer_api.methods import method, service_methods, services
from stigmer_api.sound import surely_valid
from stigmer_api.validation import violations

_TEXTS = ("", "a", "agt-1", "latest", "a" * 5000, "\U0001f469" * 3)
_NUMBERS = (-1, 0, 1, 2, 40, 41, 2**31 - 1)
_MOST_DEPTH = 5


def test_a_report_of_an_execution_is_found_valid_and_wrong_ones_are_not() -> None:
    request = method("agent_execution", "updateStatus").request
    report: Any = request(execution_id="aex-1", status={"phase": 2, "messages": [{"tool_calls": [{"id": "t"}]}]})
    assert surely_valid(report)
    assert not surely_valid(request(execution_id="aex-1"))
    assert not surely_valid(request(status={"phase": 2}))
    report.status.messages[0].tool_calls[0].status = 99
    assert not surely_valid(report)
    assert [item.field for item in violations(report)] == ["status.messages[0].tool_calls[0].status"]


def test_what_is_found_valid_breaks_no_rule_of_any_request_of_the_contract() -> None:
    draw, judge = random.Random(7), protovalidate.Validator()
    found = dict.fromkeys((True, False), 0)
    for request in [each.request for service in services() for each in service_methods(service).values()]:
        for _ in range(40):
            message = _filled(request(), draw)
            sound = surely_valid(message)
            assert not (sound and judge.collect_violations(message)), message
            found[sound] += 1
    assert min(found.values()) > 500, found


def _filled(message: Any, draw: random.Random, depth: int = 0) -> Any:
    """The message with some of its fields set, to values on both sides of the rules."""
    for field in message.DESCRIPTOR.fields:
        if draw.random() < 0.6:
            _fill(message, field, draw, depth)
    return message


def _fill(message: Any, field: Any, draw: random.Random, depth: int) -> None:
    entry = field.message_type is not None and field.message_type.GetOptions().map_entry
    if field.message_type is not None and (entry or depth >= _MOST_DEPTH):
        return
    if field.message_type is None:
        values = [_value(field, draw) for _ in range(draw.randrange(3))]
        if field.is_repeated:
            getattr(message, field.name).extend(values)
        else:
            setattr(message, field.name, _value(field, draw))
    elif field.is_repeated:
        for _ in range(draw.randrange(3)):
            _filled(getattr(message, field.name).add(), draw, depth + 1)
    else:
        inner = getattr(message, field.name)
        inner.SetInParent()
        _filled(inner, draw, depth + 1)


def _value(field: Any, draw: random.Random) -> Any:
    if field.type == field.TYPE_STRING:
        return draw.choice(_TEXTS)
    if field.type == field.TYPE_BYTES:
        return draw.choice(_TEXTS).encode()
    if field.type == field.TYPE_BOOL:
        return draw.random() < 0.5
    if field.type in {field.TYPE_DOUBLE, field.TYPE_FLOAT}:
        return draw.choice((-1.0, 0.0, 0.5, 1e30))
    if field.type == field.TYPE_ENUM:
        return draw.choice((0, 1, 2, 99))
    return draw.choice(
        [number for number in _NUMBERS if number >= 0 or field.type in {field.TYPE_INT32, field.TYPE_INT64}]
    )
