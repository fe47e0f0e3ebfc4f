"""`call: http`: one HTTP request by an activity."""

from __future__ import annotations

from typing import Any, Final

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.call_http import HttpCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.requests import shaped
from stigmer_workflow_runner.runtime import Call
from stigmer_workflow_runner.step import Step

DEFAULT_TIMEOUT: Final = 300.0
"""Seconds that a call may take when its task has no timeout."""


async def run_call_http(call: HttpCall, step: Step) -> Outcome:
    """Make the call. Its idempotency key is made once and kept in the frame."""
    parcel = Parcel(step)
    fields: dict[str, Any] = {
        "method": parcel.take(call.method),
        "uri": parcel.uri(call.endpoint),
        "headers": parcel.take(call.headers),
        "query": parcel.take(call.query),
        "body": None if call.body is None else parcel.take(call.body),
        "has_body": call.body is not None,
        "output": call.output,
        "redirect": call.redirect,
    }
    # What is sealed can be shaped only where it is opened.
    request: dict[str, Any] = {"fields": fields} if parcel.sealed else shaped(fields)
    if call.authentication is not None:
        request["authentication"] = parcel.authentication(call.authentication)
    summary = "http" if parcel.sealed else f"{request['method']} {request['uri']}"
    return Outcome(await send("http", parcel.close(request), step, summary))


async def send(activity: str, argument: dict[str, Json], step: Step, summary: str) -> Json:
    """Run the activity of a call, with the call's idempotency key and the time that the task has left."""
    timeout = DEFAULT_TIMEOUT
    if "deadline" in step.frame:
        timeout = max(step.frame["deadline"] - step.runtime.now(), 0.001)
    if "key" not in step.frame:
        step.frame["key"] = step.runtime.uuid()
    argument["key"] = step.frame["key"]
    argument["timeout"] = timeout
    return await step.runtime.execute(Call(activity, argument, timeout, summary=summary[:200]))
