"""A peer for the commands: a real gRPC server with the contract's methods over a dictionary.

It stores what is created and applied, lists and finds it, and plays executions as a timeline of steps: a subscriber
gets the state after each. It judges nothing: that is the real server's work.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_status import rpc_status

from stigmer_api.errors import (
    ApiError,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    Unauthenticated,
    Unavailable,
    to_rpc_status,
)
from stigmer_api.kinds import KINDS, Kind, kind_by_key
from stigmer_api.methods import RESOURCE_SERVICE, SERVER_SERVICE, service_methods

TOKEN = "the-token"

Step = Callable[[Any], None]


class GoneAwayError(Exception):
    """Raised by a step: the stream breaks here, as when the server stops; the step counts as played."""


class StandIn:
    """One server. timeline: the steps that the next created execution takes while somebody watches it."""

    def __init__(self) -> None:
        self.address = ""
        self.resources: dict[str, tuple[Kind, Any]] = {}
        self.calls: list[tuple[str, Any]] = []
        self.options: list[tuple[str, dict[str, str]]] = []
        self.timelines: dict[str, list[Step]] = {}
        self.next_timeline: list[Step] = []
        self.refuse_names: set[str] = set()
        self.watches: list[list[Any]] = []
        self._revision = 0
        self._lock = threading.Lock()
        self._server: Any = None

    # -- life

    def start(self, port: int = 0) -> None:
        """Serve on loopback."""
        self._server = grpc.server(ThreadPoolExecutor(max_workers=16), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers([_Handlers(self)])
        self.address = f"127.0.0.1:{self._server.add_insecure_port(f'127.0.0.1:{port}')}"
        self._server.start()

    def stop(self) -> None:
        """Stop at once and wait for it."""
        self._server.stop(None).wait()

    # -- state

    def add(self, kind: Kind, message: Any) -> Any:
        """Store a resource with an id and a revision."""
        with self._lock:
            self._revision += 1
            number = len(self.resources) + 1
            message.metadata.id = message.metadata.id or f"{kind.id_prefix}-{number:026d}"
            message.metadata.slug = message.metadata.slug or message.metadata.name
            message.metadata.revision = self._revision
            self.resources[message.metadata.id] = (kind, message)
            return message

    def of_kind(self, kind: Kind) -> list[Any]:
        """Return the resources of a kind, newest first."""
        return [message for found, message in reversed(self.resources.values()) if found == kind]

    def only(self, kind: Kind) -> Any:
        """Return the one resource of a kind."""
        (message,) = self.of_kind(kind)
        return message

    # -- methods

    def apply(self, kind: Kind, request: Any) -> Any:
        """Create, or replace when something differs."""
        if request.metadata.name in self.refuse_names:
            field = FieldViolation("spec.skill_refs[0]", "skill cooking does not exist")
            raise InvalidArgument("the manifest is wrong", violations=[field])
        for stored in self.of_kind(kind):
            if stored.metadata.slug == request.metadata.name and stored.metadata.org == request.metadata.org:
                if stored.spec != request.spec:
                    stored.spec.CopyFrom(request.spec)
                    self._revision += 1
                    stored.metadata.revision = self._revision
                return stored
        return self.add(kind, request)

    def create(self, kind: Kind, request: Any) -> Any:
        """Create; an execution gets the next timeline. The same request id never makes a second one."""
        for stored in self.of_kind(kind):
            if request.metadata.request_id and stored.metadata.request_id == request.metadata.request_id:
                return stored
        if kind.key.endswith("_execution"):
            request.status.phase = 1
        stored = self.add(kind, request)
        self.timelines[stored.metadata.id], self.next_timeline = list(self.next_timeline), []
        return stored

    def get(self, kind: Kind, request: Any) -> Any:
        """Find by id."""
        resource_id = next(iter(value for _, value in request.ListFields()))
        if resource_id not in self.resources:
            raise NotFound(f"{kind.name} {resource_id} does not exist")
        return self.resources[resource_id][1]

    def get_by_reference(self, kind: Kind, request: Any) -> Any:
        """Find by slug, with near matches in the metadata of the error, as the real server does."""
        slugs = [item.metadata.slug for item in self.of_kind(kind)]
        for item in self.of_kind(kind):
            if item.metadata.slug == request.slug:
                return item
        near = ",".join(slug for slug in slugs if slug[:1] == request.slug[:1])
        raise NotFound(f"{kind.name} {request.slug!r} does not exist", metadata={"suggestions": near} if near else {})

    def trigger(self, kind: Kind, request: Any) -> Any:
        """Run a schedule: an execution with its message; an empty message is a refusal."""
        schedule = self.get(kind, request)
        answer: Any = service_methods(kind.command_service)["trigger"].response()
        if not schedule.spec.agent.message:
            answer.refusal_reason = "agent 'greeter' does not exist (any more)"
            return answer
        execution_kind = kind_by_key("agent_execution")
        execution: Any = execution_kind.message()
        execution.spec.message = schedule.spec.agent.message
        answer.execution_id = self.create(execution_kind, execution).metadata.id
        return answer

    def connect(self, kind: Kind, request: Any) -> Any:
        """Connect an MCP server: it offers `note` in the version that TOKEN names, or nothing without a TOKEN."""
        server: Any = kind.message()
        server.CopyFrom(self.get(kind, request))
        version = request.runtime_env["TOKEN"].value
        server.status.connect_status.phase = 2 if version else 3
        server.status.connect_status.failure_message = "" if version else "it did not start\nlast words"
        del server.status.discovered_capabilities.tools[:]
        server.status.discovered_capabilities.tools.add(name="note", digest=version, description="Notes a\ntext.")
        del server.status.tool_approvals[:]
        server.status.tool_approvals.add(tool_name="note")
        self.resources[server.metadata.id] = (kind, server)
        return server

    def delete(self, kind: Kind, request: Any) -> Any:
        """Forget a resource."""
        found = self.get(kind, request)
        del self.resources[found.metadata.id]
        return found

    def control(self, phase: int, kind: Kind, request: Any) -> Any:
        """Put an execution into a phase, 0: leave it; one that has failed takes nothing but recover."""
        found = self.get(kind, request)
        if found.status.phase == 4 and phase != 1:
            raise FailedPrecondition(f"{kind.name} {found.metadata.id} has ended. Possible now: recover, delete")
        found.status.phase = phase or found.status.phase
        return found

    def submit_approval(self, kind: Kind, request: Any) -> Any:
        """Answer a pending tool call; what is not pending is refused."""
        found = self.resources[getattr(request, "execution_id", "") or request.agent_execution_id][1]
        for item in found.status.pending_approvals:
            if getattr(item, "approval", item).tool_call_id == request.tool_call_id:
                found.status.pending_approvals.remove(item)
                return found
        raise FailedPrecondition(f"the tool call {request.tool_call_id!r} awaits no approval")

    def list(self, request: Any, response: Any) -> Any:
        """List by kind, org and labels, two to a page so that paging is used."""
        found = [
            message
            for kind, message in reversed(self.resources.values())
            if kind.number in request.kinds
            and request.org in {"", message.metadata.org}
            and _selected(message, request.label_selector)
        ]
        start = int(request.page_token or 0)
        for item in found[start : start + 2]:
            response.items.add().Pack(item)
        response.next_page_token = str(start + 2) if start + 2 < len(found) else ""
        return response

    def push(self, kind: Kind, request: Any) -> Any:
        """Store a skill under the name given; the same package and tag again change nothing."""
        version = hashlib.sha256(request.artifact).hexdigest()
        message: Any = kind.message()
        message.metadata.name, message.metadata.org = request.name, request.org
        for stored in self.of_kind(kind):
            if stored.metadata.slug == request.name:
                if stored.status.version_hash == version and stored.metadata.version.tag == request.tag:
                    return stored
                message = stored
        message.status.version_hash, message.metadata.version.tag = version, request.tag
        return self.add(kind, message)

    def watch(self, request: Any) -> Iterator[Any]:
        """Play the next of `watches`: responses, and errors to end with."""
        for item in self.watches.pop(0):
            if isinstance(item, ApiError):
                raise item
            yield item

    def subscribe(self, kind: Kind, request: Any) -> Iterator[Any]:
        """Send the present state, then the state after each step that is left."""
        message = self.get(kind, request)
        steps = self.timelines.setdefault(message.metadata.id, [])
        yield message
        while steps:
            step = steps.pop(0)
            try:
                step(message)
            except GoneAwayError as error:
                raise Unavailable("the server is stopping") from error
            yield message


def _selected(message: Any, selector: str) -> bool:
    """Whether a resource has the labels of a selector that knows equality only."""
    terms = [term.split("=") for term in selector.split(",") if term]
    return all(message.metadata.labels.get(key) == value for key, value in terms)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, server: StandIn) -> None:
        self._server = server

    def service(self, details: Any) -> Any:
        _, service, name = details.method.split("/")
        if service == "grpc.health.v1.Health":
            return grpc.unary_unary_rpc_method_handler(
                lambda request, context: health_pb2.HealthCheckResponse(status="SERVING"),
                request_deserializer=health_pb2.HealthCheckRequest.FromString,
                response_serializer=health_pb2.HealthCheckResponse.SerializeToString,
            )
        method = service_methods(service)[name]
        options = {key: value for key, value in details.invocation_metadata if key.startswith("stigmer-")}
        if options:
            self._server.options.append((name, options))
        authorised = ("authorization", f"Bearer {TOKEN}") in details.invocation_metadata
        work = self._work(service, name, method)

        def unary(request: Any, context: Any) -> Any:
            with _Boundary(context):
                self._admit(authorised, f"{service}/{name}", request)
                return work(request)

        def stream(request: Any, context: Any) -> Iterator[Any]:
            with _Boundary(context):
                self._admit(authorised, f"{service}/{name}", request)
                yield from work(request)

        make = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        return make(
            stream if method.server_streaming else unary,
            request_deserializer=method.request.FromString,
            response_serializer=method.response.SerializeToString,
        )

    def _admit(self, authorised: bool, name: str, request: Any) -> None:
        self._server.calls.append((name, request))
        if not authorised:
            raise Unauthenticated("the token is not valid")

    def _work(self, service: str, name: str, method: Any) -> Callable[[Any], Any]:
        server = self._server
        if service == RESOURCE_SERVICE and name == "Watch":
            return server.watch
        if service == RESOURCE_SERVICE:
            return lambda request: server.list(request, method.response())
        if service == SERVER_SERVICE:
            return lambda request: method.response(version="9.9.9")
        kind = next(item for item in KINDS if service in {item.command_service, item.query_service})
        table: dict[str, Callable[[Kind, Any], Any]] = {
            "apply": server.apply,
            "create": server.create,
            "get": server.get,
            "getByReference": server.get_by_reference,
            "delete": server.delete,
            "subscribe": server.subscribe,
            "push": server.push,
            "trigger": server.trigger,
            "connect": server.connect,
            "startConnect": server.connect,
            "cancel": partial(server.control, 0),
            "terminate": partial(server.control, 6),
            "pause": partial(server.control, 0),
            "resume": partial(server.control, 2),
            "recover": partial(server.control, 1),
            "sendSignal": partial(server.control, 0),
            "submitWorkflowTaskApproval": partial(server.control, 0),
            "submitApproval": server.submit_approval,
        }
        return lambda request: table[name](kind, request)


class _Boundary:
    """Turns ApiError into the status of the call."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ApiError):
            self._context.abort_with_status(rpc_status.to_status(to_rpc_status(error)))
