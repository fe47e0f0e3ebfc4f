"""`call: mcp`: one method of an MCP server by an activity."""

from __future__ import annotations

from typing import Any

from stigmer_api.dsl.tasks.call_mcp import McpCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.runtime import DeadlineReachedError
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_http import send


async def run_call_mcp(call: McpCall, step: Step) -> Outcome:
    """Make the call, within its own timeout when it has one."""
    parcel = Parcel(step)
    argument: dict[str, Any] = {
        "method": call.method,
        "parameters": None if call.parameters is None else parcel.take(call.parameters),
        "protocolVersion": call.protocol_version,
        "client": dict(call.client),
        "http": None,
        "stdio": None,
    }
    if call.endpoint is not None:
        argument["http"] = {"endpoint": parcel.resource(call.endpoint), "headers": parcel.take(call.headers)}
    else:
        command, arguments = parcel.take(call.command), parcel.take(call.arguments)
        environment = parcel.take(call.environment)
        argument["stdio"] = {"command": command, "arguments": arguments, "environment": environment}
    work = send("mcp", parcel.close(argument), step, f"mcp {call.method}")
    if call.timeout is None:
        return Outcome(await work)
    deadline = step.frame.setdefault("mcp_deadline", step.runtime.now() + step.duration(call.timeout))
    try:
        return Outcome(await step.runtime.race(work, deadline))
    except DeadlineReachedError as error:
        raise step.fault("timeout", f"mcp {call.method}: no answer within with.timeout") from error
