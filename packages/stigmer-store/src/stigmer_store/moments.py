"""Times as whole microseconds since 1970: exact, sortable, the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(time: datetime) -> int:
    """Whole microseconds since 1970 of an aware time."""
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The UTC time that many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=value)
