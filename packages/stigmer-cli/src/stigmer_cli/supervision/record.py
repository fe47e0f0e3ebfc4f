"""The record of a running stack: `up` writes it, later commands find addresses and processes in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stigmer_cli.paths import write_private

RECORDED = ("server.host", "server.port", "temporal.port", "temporal.ui_port", "temporal.namespace", "temporal.bin")
"""Settings that later commands must see as the stack was started with."""


@dataclass(frozen=True, slots=True)
class Record:
    """settings: by key, as texts. control_socket: path. supervisord_pid and its start time: to end it by force."""

    supervisord_pid: int
    supervisord_started: float
    control_socket: str
    components: list[str]
    settings: dict[str, str] = field(default_factory=dict)
    temporal_database: str = ""


def write_record(path: Path, record: Record) -> None:
    """Write the record in one step."""
    write_private(path, json.dumps(asdict(record), indent=2) + "\n")


def read_record(path: Path) -> Record | None:
    """Return the record, or None when there is none or it is damaged."""
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
