"""`call: a2a`: one method of an A2A agent by an activity."""

from __future__ import annotations

from stigmer_api.dsl.tasks.call_a2a import A2aCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_openapi import send_described


async def run_call_a2a(call: A2aCall, step: Step) -> Outcome:
    """Make the call."""
    parcel = Parcel(step)
    argument = {
        "method": call.method,
        "parameters": None if call.parameters is None else parcel.take(call.parameters),
        "server": None if call.server is None else parcel.resource(call.server),
        "agentCard": None if call.card is None else parcel.resource(call.card),
    }
    return Outcome(await send_described("a2a", parcel.close(argument), step, f"a2a {call.method}"))
