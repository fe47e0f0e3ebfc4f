"""JSON values as text that every reader accepts: real UTF-8, finite numbers, keys in their order."""

from __future__ import annotations

import json
import math
from contextvars import ContextVar
from typing import Final

from stigmer_api.dsl.errors import Json

MAX_PAYLOAD: Final = 1_900_000
"""Bytes of one payload that lies in history; Temporal refuses 2 MiB and would fail the workflow task for ever."""

MAX_CLAIMED: Final = 32 * 1024 * 1024
"""Bytes of one payload that lies in a file: a step must read and write all of its values within two seconds."""

MAX_OUTPUT: Final = 1_000_000
"""Bytes of a workflow's output without claim check: it travels in a report, beside the last task entries."""

MAX_CLAIMED_OUTPUT: Final = 8 * 1024 * 1024
"""The same with claim check: the server stores it with the execution and sends it to whoever looks."""

PAYLOAD_LIMIT: ContextVar[int] = ContextVar("payload_limit", default=MAX_PAYLOAD)
"""What the worker that runs an activity can carry: set once, before it polls."""


def to_text(value: Json) -> str:
    """A value as compact JSON text. Numbers that JSON does not have become null, as jq writes them."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
    return text if _encodable(text) else json.dumps(json.loads(text), separators=(",", ":"))


def size_of(value: Json) -> int:
    """Bytes of a value's text, which is what its payload has."""
    return len(to_text(value).encode())


def readable(text: str) -> str:
    """Text that UTF-8 can hold: half of a surrogate pair, which JSON can spell, becomes a question mark."""
    return text if _encodable(text) else text.encode("utf-8", "replace").decode()


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _finite(value: Json) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
