"""`call: activity`: a Temporal activity of a worker of the user's own. Ours: the DSL knows no Temporal.

Its fields have Temporal's names. What it is given lies in the history of the execution, so it can hold no secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.expressions import Template
from stigmer_api.dsl.model import Duration
from stigmer_api.dsl.problems import child
from stigmer_api.dsl.reader import Reader
from stigmer_api.temporal import AGENT_EXECUTION_QUEUE, USER_ACTIVITY_QUEUE, WORKFLOW_EXECUTION_QUEUE

OUR_QUEUES: Final = (AGENT_EXECUTION_QUEUE, WORKFLOW_EXECUTION_QUEUE)
"""Queues of the runners themselves: their activities belong to them alone."""

FIRST_RETRY: Final = 1.0
"""Seconds before the first repetition, as in Temporal."""

_KEYS: Final = (
    "name", "arguments", "taskQueue", "startToCloseTimeout", "scheduleToStartTimeout", "heartbeatTimeout",
    "retryPolicy",
)  # fmt: skip
_RETRY_KEYS: Final = (
    "initialInterval", "backoffCoefficient", "maximumInterval", "maximumAttempts", "nonRetryableErrorTypes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ActivityRetry:
    """How often Temporal tries again by itself; `attempts` 0 is without end."""

    initial: Duration
    coefficient: float = 2.0
    maximum: Duration | None = None
    attempts: int = 0
    final: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActivityCall:
    """`arguments` gives the list of them. Without `retry` it is tried once: retries belong to the document."""

    name: Template
    queue: Template
    arguments: Template
    start_to_close: Duration | None = None
    schedule_to_start: Duration | None = None
    heartbeat: Duration | None = None
    retry: ActivityRetry | None = None


def read_activity_call(reader: Reader, value: Json, pointer: str) -> ActivityCall:
    """Compile `with`."""
    found = reader.fields(value, pointer, _KEYS, required=("name",))

    def text(key: str, otherwise: str) -> Template:
        place = child(pointer, key)
        return reader.template(reader.text(found[key], place) if key in found else otherwise, place)

    arguments = reader.template(found.get("arguments", []), child(pointer, "arguments"))
    if arguments.constant and not isinstance(arguments.value, list):
        reader.problem(child(pointer, "arguments"), "must be a list, or an expression that gives one")
    queue = text("taskQueue", USER_ACTIVITY_QUEUE)
    if queue.value in OUR_QUEUES:
        reader.problem(child(pointer, "taskQueue"), f"{queue.value!r} belongs to a runner: use a queue of your own")
    return ActivityCall(
        text("name", ""),
        queue,
        arguments,
        start_to_close=reader.optional(found, "startToCloseTimeout", pointer, reader.duration),
        schedule_to_start=reader.optional(found, "scheduleToStartTimeout", pointer, reader.duration),
        heartbeat=reader.optional(found, "heartbeatTimeout", pointer, reader.duration),
        retry=reader.optional(found, "retryPolicy", pointer, lambda v, p: _read_retry(reader, v, p)),
    )


def _read_retry(reader: Reader, value: Json, pointer: str) -> ActivityRetry:
    found = reader.fields(value, pointer, _RETRY_KEYS)
    types = found.get("nonRetryableErrorTypes", [])
    if not isinstance(types, list) or not all(isinstance(item, str) for item in types):
        reader.problem(child(pointer, "nonRetryableErrorTypes"), "must be a list of texts")
        types = []
    return ActivityRetry(
        reader.optional(found, "initialInterval", pointer, reader.duration) or Duration(FIRST_RETRY),
        _number(reader, found, "backoffCoefficient", pointer, 2.0, 1.0),
        reader.optional(found, "maximumInterval", pointer, reader.duration),
        int(_number(reader, found, "maximumAttempts", pointer, 0, 0)),
        tuple(types),
    )


def _number(
    reader: Reader, fields: Mapping[str, Json], key: str, pointer: str, otherwise: float, least: float
) -> float:
    value = fields.get(key, otherwise)
    whole = isinstance(otherwise, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < least:
        kind = "a whole number" if whole else "a number"
        reader.problem(child(pointer, key), f"must be {kind} of at least {least:g}")
        return otherwise
    return value
