"""`call: openapi`: one operation of an OpenAPI document by an activity."""

from __future__ import annotations

from stigmer_api.dsl.errors import Json
from stigmer_api.dsl.tasks.call_openapi import OpenApiCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_http import send


async def run_call_openapi(call: OpenApiCall, step: Step) -> Outcome:
    """Make the call."""
    parcel, operation = Parcel(step), step.evaluate(call.operation)
    argument = {
        "document": parcel.resource(call.document),
        "operation": operation,
        "parameters": parcel.take(call.parameters),
        "authentication": parcel.authentication(call.authentication),
        "output": call.output,
        "redirect": call.redirect,
    }
    return Outcome(await send_described("openapi", parcel.close(argument), step, f"openapi {operation}"))


async def send_described(activity: str, argument: dict[str, Json], step: Step, summary: str) -> Json:
    """Run the activity of a call that a document describes, and remember the hash of that document."""
    pins: dict[str, Json] = step.engine.state.root.setdefault("documents", {})
    argument["pins"] = dict(pins)
    result = await send(activity, argument, step, summary)
    pins.update(result["documents"])
    return result["output"]
