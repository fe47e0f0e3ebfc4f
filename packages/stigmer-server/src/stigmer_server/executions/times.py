"""Moments as the execution kinds write them."""

from __future__ import annotations

from datetime import datetime

__all__ = ["rfc3339"]


def rfc3339(moment: datetime) -> str:
    """A moment as text: RFC 3339, UTC, milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
