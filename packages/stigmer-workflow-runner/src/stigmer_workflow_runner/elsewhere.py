"""Activities of workers that are not ours: nothing they send or fail with may surprise the workflow."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from temporalio import exceptions, workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType, is_cancelled_exception

from stigmer_api.dsl.errors import Json
from stigmer_workflow_runner.errors import Fault, fault
from stigmer_workflow_runner.json_text import size_of
from stigmer_workflow_runner.runtime import Call, Elsewhere

_TEXTS = ("json/plain", "json/protobuf")
_BYTES = ("binary/plain", "binary/protobuf")


async def execute_elsewhere(call: Call, elsewhere: Elsewhere, largest: int) -> Json:
    """The result of an activity of another worker. Raises `Fault`, and ActivityError when the run is cancelled.

    `largest`: bytes that one argument may have; others read no files of ours.
    """
    if elsewhere.queue == workflow.info().task_queue:
        raise fault("authorization", f"{elsewhere.queue!r} is the runner's own task queue: use a queue of your own")
    if any(size_of(argument) >= largest for argument in elsewhere.arguments):
        detail = f"an argument of {call.summary} has {largest} bytes or more: pass the place where the data is"
        raise fault("validation", detail)
    retry = elsewhere.retry
    policy = RetryPolicy(maximum_attempts=1)
    if retry is not None:
        initial, coefficient, maximum, attempts, final = retry
        policy = RetryPolicy(
            initial_interval=timedelta(seconds=initial),
            backoff_coefficient=coefficient,
            maximum_interval=None if maximum is None else timedelta(seconds=max(maximum, initial)),
            maximum_attempts=attempts,
            non_retryable_error_types=list(final) or None,
        )
    try:
        raw: RawValue = await workflow.execute_activity(
            elsewhere.name,
            args=list(elsewhere.arguments),
            task_queue=elsewhere.queue,
            result_type=RawValue,
            start_to_close_timeout=timedelta(seconds=call.timeout),
            schedule_to_start_timeout=timedelta(seconds=elsewhere.pickup),
            heartbeat_timeout=None if elsewhere.heartbeat is None else timedelta(seconds=elsewhere.heartbeat),
            retry_policy=policy,
            summary=call.summary,
        )
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        raise _explained(error, call, elsewhere) from error
    return _value(raw, call.summary)


def _value(raw: RawValue, summary: str) -> Json:
    """A result as JSON; bytes are base64, as everywhere."""
    encoding, data = raw.payload.metadata.get("encoding", b"").decode("ascii", "replace"), raw.payload.data
    if encoding == "binary/null":
        return None
    if encoding in _BYTES:
        return base64.b64encode(data).decode()
    try:
        if encoding in _TEXTS:
            return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise fault("communication", f"{summary}: the result is no JSON: {error}") from error
    raise fault("communication", f"{summary}: the result has the encoding {encoding!r}, not JSON")


def _explained(error: ActivityError, call: Call, elsewhere: Elsewhere) -> Fault:
    cause = error.cause
    if isinstance(cause, exceptions.TimeoutError):
        if cause.type is TimeoutType.SCHEDULE_TO_START:
            where = f"the task queue {elsewhere.queue!r} within {elsewhere.pickup:g} s"
            hint = "start a worker that polls it, or check the name"
            return fault("communication", f"{call.summary}: no worker took it from {where}: {hint}", status=503)
        if cause.type is TimeoutType.HEARTBEAT:
            return fault("timeout", f"{call.summary}: its worker sent no heartbeat for {elsewhere.heartbeat:g} s")
        return fault("timeout", f"{call.summary}: no result within {call.timeout:g} s")
    if isinstance(cause, ApplicationError):
        own = _own_error(cause.details)
        if own is not None:
            return Fault(own)
        kind = f"{cause.type}: " if cause.type else ""
        return fault("communication", f"{call.summary}: {kind}{cause.message}")
    return fault("communication", f"{call.summary}: {cause or error}")


def _own_error(details: Any) -> dict[str, Json] | None:
    """The error that the activity chose itself: an object with `type` and `status` as the first detail."""
    first = details[0] if details else None
    if (
        not isinstance(first, dict)
        or not isinstance(first.get("type"), str)
        or not isinstance(first.get("status"), int)
    ):
        return None
    known = ("type", "status", "title", "detail")
    return {key: first[key] for key in known if isinstance(first.get(key), str | int)}
