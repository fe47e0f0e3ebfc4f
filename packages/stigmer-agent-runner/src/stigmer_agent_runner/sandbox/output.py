"""Keeps the head and the tail of an output, however long it is."""

from __future__ import annotations

from collections import deque

__all__ = ["HeadAndTail"]

_BYTES_PER_CHAR = 4
"""The most that a character has in UTF-8: so many bytes always hold enough characters."""


class HeadAndTail:
    """Two thirds of `chars` for the head, the rest for the tail: errors tend to stand at either end."""

    def __init__(self, chars: int) -> None:
        self.total = 0
        self._head_chars = chars * 2 // 3
        self._tail_chars = chars - self._head_chars
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0

    def add(self, data: bytes) -> None:
        """Take the next piece."""
        self.total += len(data)
        room = self._head_chars * _BYTES_PER_CHAR - len(self._head)
        self._head += data[:room] if room > 0 else b""
        rest = data[max(0, room) :]
        if rest:
            self._tail.append(rest)
            self._tail_bytes += len(rest)
        while self._tail and self._tail_bytes - len(self._tail[0]) >= self._tail_chars * _BYTES_PER_CHAR:
            self._tail_bytes -= len(self._tail.popleft())

    def text(self) -> tuple[str, bool]:
        """Return what is kept as text, and whether something is left out. Bytes that are no UTF-8 become `\\ufffd`."""
        kept = bytes(self._head) + b"".join(self._tail)
        lost_bytes = self.total - len(kept)
        text = kept.decode("utf-8", errors="replace") if not lost_bytes else ""
        if not lost_bytes and len(text) <= self._head_chars + self._tail_chars:
            return text, False
        head = text[: self._head_chars] if text else _decoded(self._head)[: self._head_chars]
        tail = text[-self._tail_chars :] if text else _decoded(b"".join(self._tail))[-self._tail_chars :]
        missing = self.total - len(head.encode()) - len(tail.encode())
        return f"{head}\n[… {max(0, missing)} bytes are left out here …]\n{tail}", True


def _decoded(data: bytes | bytearray) -> str:
    return bytes(data).decode("utf-8", errors="replace")
