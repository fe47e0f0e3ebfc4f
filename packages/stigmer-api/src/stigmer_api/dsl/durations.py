"""Durations of the DSL: objects with integer units, ISO 8601 text, or an expression that gives one of them.

A year counts 365 days and a month 30: a duration has no calendar to look at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from stigmer_api.dsl.errors import Json

UNIT_SECONDS: Final[Mapping[str, float]] = {
    "days": 86400.0,
    "hours": 3600.0,
    "minutes": 60.0,
    "seconds": 1.0,
    "milliseconds": 0.001,
}

MAX_SECONDS: Final = 10 * 365 * 86400.0

_NUMBER = r"(\d+(?:\.\d+)?)"
_ISO = re.compile(
    rf"P(?=.)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=.)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_ISO_SECONDS = (365 * 86400.0, 30 * 86400.0, 7 * 86400.0, 86400.0, 3600.0, 60.0, 1.0)


def parse_duration(value: Json) -> float:
    """Seconds of a duration object or an ISO 8601 text.

    Raises:
        ValueError: it is neither, is negative, or is longer than ten years. The text says what is expected.
    """
    if isinstance(value, str):
        seconds = _parse_iso(value)
    elif isinstance(value, Mapping):
        seconds = _parse_object(value)
    else:
        raise ValueError(  # noqa: TRY004 - one error type for every bad duration
            "a duration is an object such as {seconds: 5} or ISO 8601 text such as PT5S"
        )
    if seconds > MAX_SECONDS:
        raise ValueError("a duration is at most ten years")
    return seconds


def _parse_iso(text: str) -> float:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT5S or P1DT2H")
    return sum(float(group) * unit for group, unit in zip(match.groups(), _ISO_SECONDS, strict=True) if group)


def _parse_object(value: Mapping[str, Json]) -> float:
    if not value:
        raise ValueError("a duration object needs at least one of " + ", ".join(UNIT_SECONDS))
    total = 0.0
    for unit, amount in value.items():
        if unit not in UNIT_SECONDS:
            raise ValueError(f"unknown unit {unit!r}: use " + ", ".join(UNIT_SECONDS))
        whole = isinstance(amount, float) and amount.is_integer()
        if isinstance(amount, bool) or not (isinstance(amount, int) or whole) or amount < 0:
            raise ValueError(f"{unit} is a whole number from 0, not {amount!r}")
        total += amount * UNIT_SECONDS[unit]
    return total
