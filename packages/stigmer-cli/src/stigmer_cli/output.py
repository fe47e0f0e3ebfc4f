"""Turns messages and rows into the text that a command prints: table, wide, json, yaml, name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.message import Message

NONE = "<none>"


def to_json(value: Any) -> str:
    """Return indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def to_yaml(value: Any) -> str:
    """Return block-style YAML; long and multi-line texts stay readable."""
    import io  # noqa: PLC0415 - only -o yaml comes here

    from ruamel.yaml import YAML  # noqa: PLC0415 - 80 ms
    from ruamel.yaml.scalarstring import walk_tree  # noqa: PLC0415 - the same

    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style = False
    yaml.width = 4096
    walk_tree(value)
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


def message_to_dict(message: Message) -> dict[str, Any]:
    """Return a message in the form that manifests have: camelCase keys, enums by name."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - protobuf costs 30 ms

    return dict(MessageToDict(message))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return left-aligned columns, three spaces apart, without trailing blanks."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(header))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def size(count: int) -> str:
    """Return a number of bytes as people say it: 512 B, 12.4 KB, 3.0 MB."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def duration(seconds: float) -> str:
    """Return a time span as people say it: 0.3s, 12s, 3m5s, 2h10m, 4d3h."""
    if seconds < 10:
        return f"{seconds:.1f}s" if seconds != int(seconds) else f"{int(seconds)}s"
    whole = int(seconds)
    for unit, size, lower, lower_size in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            rest = (whole % size) // lower_size
            return f"{whole // size}{unit}" + (f"{rest}{lower}" if rest else "")
    return f"{whole}s"


def parse_time(text: str) -> datetime | None:
    """Return the moment that an RFC 3339 text names, or None for an empty or unreadable one."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago a moment was."""
    if moment is None:
        return NONE
    return duration(max(int(((now or datetime.now(UTC)) - moment).total_seconds()), 0))


def one_line(text: str, limit: int) -> str:
    """Return a text on one line, cut with … when it is longer than `limit` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
