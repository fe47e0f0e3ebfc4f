"""Asks the parts of a stack whether they are ready; supervisord's RUNNING says only that a process exists."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
from grpc_health.v1 import health_pb2

from stigmer_api.client import Client
from stigmer_api.errors import ApiError, Unauthenticated
from stigmer_api.messages import message_class
from stigmer_api.methods import SERVER_SERVICE
from stigmer_api.temporal import AGENT_EXECUTION_QUEUE, WORKFLOW_EXECUTION_QUEUE
from stigmer_cli.supervision.components import AGENT_RUNNER, SERVER, TEMPORAL, WORKFLOW_RUNNER

PROBE_SECONDS = 2.0
TEMPORAL_FRONTEND = "temporal.api.workflowservice.v1.WorkflowService"

QUEUES = {WORKFLOW_RUNNER: WORKFLOW_EXECUTION_QUEUE, AGENT_RUNNER: AGENT_EXECUTION_QUEUE}


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the probes found. ready: by component. reasons: why a component is not ready, where that is known."""

    ready: dict[str, bool]
    reasons: dict[str, str] = field(default_factory=dict)
    database: str = ""
    server_version: str = ""
    refused: bool = False


class Probe:
    """Probes one stack, over one channel for as long as it is used."""

    def __init__(self, server_address: str, temporal_address: str, token: str) -> None:
        self._server_address = server_address
        self._temporal_address = temporal_address
        self._client = Client(server_address, token)

    @classmethod
    @contextlib.contextmanager
    def open(cls, server_address: str, temporal_address: str, token: str) -> Iterator[Probe]:
        """Return a probe that is closed at the end of the block."""
        probe = cls(server_address, temporal_address, token)
        try:
            yield probe
        finally:
            probe._client.close()

    def look(self) -> Readiness:
        """Probe everything once; never raises for a part that is away."""
        problem = serving(self._server_address)
        if problem:
            return self._without_server(problem)
        try:
            info = self._client.call(
                SERVER_SERVICE, "GetInfo", message_class("stigmer.runtime.v1.GetInfoRequest")(), timeout=PROBE_SECONDS
            )
        except ApiError as error:
            found = self._without_server(error.message)
            return Readiness(found.ready, found.reasons, refused=isinstance(error, Unauthenticated))
        pollers = {queue.name: queue.pollers for queue in info.task_queues}
        ready = {SERVER: True, TEMPORAL: info.temporal.reachable}
        reasons = {} if info.temporal.reachable else {TEMPORAL: info.temporal.error or "not reachable"}
        for runner, queue in QUEUES.items():
            ready[runner] = pollers.get(queue, 0) > 0
            if not ready[runner]:
                reasons[runner] = f"no worker polls the task queue {queue}"
        location = f"{info.database.backend} {info.database.location}".strip()
        return Readiness(ready, reasons, location, info.version)

    def _without_server(self, problem: str) -> Readiness:
        """Only the server knows its runners; Temporal can be asked directly."""
        temporal = serving(self._temporal_address, TEMPORAL_FRONTEND)
        reasons = {SERVER: problem} | dict.fromkeys(QUEUES, "unknown while the server does not answer")
        if temporal:
            reasons[TEMPORAL] = temporal
        return Readiness({SERVER: False, TEMPORAL: not temporal, WORKFLOW_RUNNER: False, AGENT_RUNNER: False}, reasons)


def serving(address: str, service: str = "") -> str:
    """Return an empty text when gRPC health says SERVING at this address, else what is wrong."""
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(address, options=options) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(service=service), timeout=PROBE_SECONDS)
        except grpc.RpcError as error:
            return f"does not answer on {address} ({error.code().name})"
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return "" if status == "SERVING" else f"answers {status} on {address}"
