"""What a table shows of each kind: a few columns of its own between NAME and AGE, and more with -o wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from stigmer_api.kinds import Kind
from stigmer_cli.client import name_of
from stigmer_cli.output import NONE, age, duration, one_line, parse_time, table

Cell = Callable[[Any], str]


def phase(message: Any) -> str:
    """Return the phase of an execution as people say it: COMPLETED."""
    field = message.status.DESCRIPTOR.fields_by_name["phase"]
    value = field.enum_type.values_by_number.get(message.status.phase)
    return value.name.removeprefix("EXECUTION_").removeprefix("PHASE_") if value else str(message.status.phase)


def took(message: Any) -> str:
    """Return how long an execution ran, or has run so far."""
    start = parse_time(message.status.started_at)
    if start is None:
        return NONE
    end = parse_time(message.status.completed_at) or datetime.now(UTC)
    return duration(round(max((end - start).total_seconds(), 0.0), 1))


def _tasks(message: Any) -> str:
    done = sum(1 for task in message.status.tasks if task.completed_at)
    return f"{done}/{len(message.status.tasks)}"


def _server_type(message: Any) -> str:
    return message.spec.WhichOneof(message.spec.DESCRIPTOR.oneofs[0].name) or NONE


def _server_state(message: Any) -> str:
    """What the last connect said, unless the server was closed since."""
    if message.status.quarantined_tools:
        return "quarantined"
    phase_field = message.status.connect_status.DESCRIPTOR.fields_by_name["phase"]
    name = str(phase_field.enum_type.values_by_number[message.status.connect_status.phase].name)
    return {"connect_phase_unspecified": NONE}.get(name, name.removeprefix("connect_phase_"))


def _last_words(message: Any) -> str:
    return one_line(message.spec.message, 40)


def _enabled(message: Any) -> str:
    if message.status.paused_reason:
        return "paused"
    return "yes" if message.spec.enabled else "no"


COLUMNS: dict[str, Sequence[tuple[str, Cell]]] = {
    "agent": (("MODEL", lambda m: m.spec.model or NONE), ("DESCRIPTION", lambda m: one_line(m.spec.description, 50))),
    "workflow": (("DESCRIPTION", lambda m: one_line(m.spec.description, 50)),),
    "workflow_execution": (("PHASE", phase), ("TASKS", _tasks), ("DURATION", took)),
    "agent_execution": (("PHASE", phase), ("DURATION", took), ("MESSAGE", _last_words)),
    "session": (("SUBJECT", lambda m: one_line(m.spec.subject, 40)),),
    "schedule": (("CRON", lambda m: m.spec.cron), ("ENABLED", _enabled)),
    "environment": (("VARIABLES", lambda m: str(len(m.spec.data))),),
    "mcp_server": (
        ("TYPE", _server_type),
        ("CONNECT", _server_state),
        ("TOOLS", lambda m: str(len(m.status.discovered_capabilities.tools))),
    ),
}

WIDE: dict[str, Sequence[tuple[str, Cell]]] = {
    "workflow_execution": (("WORKFLOW", lambda m: m.spec.workflow_id or NONE),),
    "agent_execution": (
        ("AGENT", lambda m: m.spec.agent_id or NONE),
        ("SESSION", lambda m: m.spec.session_id or NONE),
    ),
}


def created(message: Any) -> datetime | None:
    """Return when a resource was created, or None when nobody noted it."""
    audit = message.status.audit.spec_audit
    return audit.created_at.ToDatetime(tzinfo=UTC) if audit.HasField("created_at") else None


def header(kind: Kind, *, wide: bool) -> list[str]:
    """Return the column names of a kind."""
    names = ["NAME", *(name for name, _ in COLUMNS.get(kind.key, ())), "AGE"]
    return names + ([name for name, _ in WIDE.get(kind.key, ())] + ["ID", "ORG", "REVISION", "LABELS"] if wide else [])


def row(kind: Kind, message: Any, *, wide: bool) -> list[str]:
    """Return the cells of one resource."""
    cells = [name_of(kind, message), *(cell(message) for _, cell in COLUMNS.get(kind.key, ())), age(created(message))]
    if not wide:
        return cells
    meta = message.metadata
    labels = ",".join(f"{key}={value}" for key, value in sorted(meta.labels.items())) or NONE
    more = [cell(message) for _, cell in WIDE.get(kind.key, ())]
    return [*cells, *more, meta.id, meta.org, str(meta.revision), labels]


def resource_table(kind: Kind, messages: Sequence[Any], *, wide: bool) -> str:
    """Return the table of some resources of one kind."""
    return table(header(kind, wide=wide), [row(kind, item, wide=wide) for item in messages])
