"""How much of a file one answer holds."""

from __future__ import annotations

from stigmer_server.resources.metadata import violation

__all__ = ["LARGEST_FILE", "cut", "limit_of"]

LARGEST_FILE = 50 * 1024 * 1024
"""Bytes that a file may have, and that one answer holds: it has to fit into one message."""


def limit_of(max_bytes: int) -> int:
    """The bytes that a request asks for; 0 asks for all. Raises InvalidArgument."""
    if max_bytes < 0:
        raise violation("max_bytes", "must not be negative; 0 asks for everything")
    return min(max_bytes or LARGEST_FILE, LARGEST_FILE)


def cut(content: bytes, max_bytes: int) -> bytes:
    """The beginning of content that a request asks for."""
    return content[: limit_of(max_bytes)]
