"""Moments as the execution kinds write them, and as others report them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["moment_of", "rfc3339"]


def rfc3339(moment: datetime) -> str:
    """A moment as text: RFC 3339, UTC, milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime | None:
    """The moment that a report names, in UTC; None where its text, which may be any, names none."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
