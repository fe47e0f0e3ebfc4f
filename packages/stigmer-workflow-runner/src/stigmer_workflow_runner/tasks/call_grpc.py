"""`call: grpc`: one gRPC call by an activity."""

from __future__ import annotations

from stigmer_api.dsl.tasks.call_grpc import GrpcCall
from stigmer_workflow_runner.flow import Outcome
from stigmer_workflow_runner.outbound import Parcel
from stigmer_workflow_runner.step import Step
from stigmer_workflow_runner.tasks.call_openapi import send_described


async def run_call_grpc(call: GrpcCall, step: Step) -> Outcome:
    """Make the call."""
    parcel = Parcel(step)
    host, port = step.evaluate(call.host), step.evaluate(call.port)
    if not isinstance(host, str) or not host:
        raise step.fault("expression", f"with.service.host must give text, not {host!r}")
    if port is not None and (isinstance(port, bool) or not str(port).isdecimal() or not 0 < int(port) < 65536):
        raise step.fault("expression", f"with.service.port must give a port number, not {port!r}")
    argument = {
        "proto": None if call.proto is None else parcel.resource(call.proto),
        "service": {"name": call.service, "host": host, "port": None if port is None else int(port)},
        "method": call.method,
        "arguments": parcel.take(call.arguments),
        "authentication": parcel.authentication(call.authentication),
    }
    summary = f"grpc {call.service}/{call.method}"
    return Outcome(await send_described("grpc", parcel.close(argument), step, summary))
