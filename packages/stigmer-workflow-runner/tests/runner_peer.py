"""Stand-ins for the processes the runner talks to: an API server over real gRPC, and an HTTP service.

The API server keeps executions in memory and implements only what the runner calls, found through
`stigmer_api.methods`, with the rules of the wire: sequences, merging by task id, events once, request ids.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from stigmer_api.errors import ApiError, FailedPrecondition, NotFound, Unauthenticated, Unavailable, to_rpc_status
from stigmer_api.kinds import API_VERSION, kind_by_key
from stigmer_api.messages import message_class
from stigmer_api.methods import EVENT_SERVICE, method

TOKEN = "test-token"
ORG = "local"
TERMINAL = {3, 4, 5, 6}


class ApiServer:
    """Serves on a free port of loopback. `away` makes every call fail as if the server were restarting,
    `away_for` those of some verbs.
    """

    def __init__(self, max_message: int = 64 * 1024 * 1024) -> None:
        self.resources: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}
        self.reports: dict[str, list[Any]] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.sequences: dict[str, int] = {}
        self.variables: dict[str, dict[str, tuple[str, bool]]] = {}
        self.calls: list[str] = []
        self.cancelled: list[str] = []
        self.published: dict[str, Any] = {}
        self.signals: list[Any] = []
        self.away = False
        self.away_for: set[str] = set()
        self.changed = asyncio.Condition()
        self.on_publish: Callable[[str, Any], Awaitable[None]] | None = None
        self.on_create: Callable[[Any], Awaitable[None]] | None = None
        self.port = 0
        self._server = grpc.aio.server(options=[("grpc.max_receive_message_length", max_message)])
        self._ids = 0

    # --- life ------------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> None:
        for target, verb, handle in self._methods():
            self._add(target, verb, handle)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0.2)

    def _methods(self) -> list[tuple[str, str, Callable[[Any], Awaitable[Any]]]]:
        readable = ("workflow_execution", "workflow_instance", "workflow", "agent", "agent_execution")
        return [
            *[(kind, "get", self._get) for kind in readable],
            ("workflow", "getByReference", self._by_reference),
            ("agent", "getByReference", self._by_reference),
            ("execution_context", "getByExecutionId", self._context),
            ("workflow_execution", "create", self._create),
            ("agent_execution", "create", self._create),
            ("workflow_execution", "updateStatus", self._update_status),
            ("workflow_execution", "sendSignal", self._send_signal),
            ("workflow_execution", "cancel", self._cancel),
            ("agent_execution", "cancel", self._cancel),
            (EVENT_SERVICE, "Publish", self._publish),
        ]

    def _add(self, target: str, verb: str, handle: Callable[[Any], Awaitable[Any]]) -> None:
        rpc = method(target, verb)

        async def serve(request: Any, context: Any) -> Any:
            self.calls.append(f"{target}.{verb}")
            async with self.changed:
                self.changed.notify_all()
            try:
                if self.away or verb in self.away_for:
                    raise Unavailable("the server is restarting")
                if dict(context.invocation_metadata()).get("authorization") != f"Bearer {TOKEN}":
                    raise Unauthenticated("wrong token")
                return await handle(request)
            except ApiError as error:
                status = to_rpc_status(error)
                context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
                await context.abort(getattr(grpc.StatusCode, error.code), error.message)

        handler = grpc.unary_unary_rpc_method_handler(
            serve, request_deserializer=rpc.request.FromString, response_serializer=rpc.response.SerializeToString
        )
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(rpc.service, {rpc.name: handler}),))

    # --- rpcs ------------------------------------------------------------------------------------------------

    async def _get(self, request: Any) -> Any:
        if request.value not in self.resources:
            raise NotFound(f"there is no {request.value}")
        return self.resources[request.value]

    async def _context(self, request: Any) -> Any:
        if request.execution_id not in self.variables:
            raise NotFound(f"{request.execution_id} has no variables")
        context: Any = kind_by_key("execution_context").message()
        for name, (value, secret) in self.variables[request.execution_id].items():
            context.spec.data[name].value, context.spec.data[name].is_secret = value, secret
        return context

    async def _by_reference(self, request: Any) -> Any:
        for resource in self.resources.values():
            kind = kind_by_key({40: "agent", 50: "workflow"}[request.kind])
            same = (resource.metadata.org, resource.metadata.slug) == (request.org, request.slug)
            if resource.kind == kind.name and same:
                return self.versions[request.version] if request.version else resource
        raise NotFound(f"there is no {request.slug} in {request.org}")

    async def _create(self, execution: Any) -> Any:
        request_id = execution.metadata.request_id
        for resource in self.resources.values():
            if request_id and resource.metadata.request_id == request_id:
                return resource
        self.put(execution)
        if self.on_create is not None:
            await self.on_create(execution)
        return execution

    async def _cancel(self, request: Any) -> Any:
        self.cancelled.append(request.id)
        return self.resources[request.id]

    async def _send_signal(self, request: Any) -> Any:
        self.signals.append(request)
        return method("workflow_execution", "sendSignal").response()

    async def _publish(self, request: Any) -> Any:
        if request.request_id not in self.published:
            self.published[request.request_id] = json.loads(request.event_json)
            if self.on_publish is not None:
                await self.on_publish(request.request_id, self.published[request.request_id])
        return message_class("stigmer.runtime.v1.PublishEventResponse")(listeners=1)

    async def _update_status(self, request: Any) -> Any:
        execution = self.resources.get(request.execution_id)
        if execution is None:
            raise NotFound(f"there is no {request.execution_id}")
        for event in request.events:
            self.events.setdefault(request.execution_id, {}).setdefault(event.event_id, event)
        self.reports.setdefault(request.execution_id, []).append(request)
        if request.sequence <= self.sequences.get(request.execution_id, 0):
            return execution
        if execution.status.phase in TERMINAL:
            raise FailedPrecondition("the execution has ended")
        self.sequences[request.execution_id] = request.sequence
        merge(execution.status, request.status)
        async with self.changed:
            self.changed.notify_all()
        return execution

    # --- what tests use --------------------------------------------------------------------------------------

    def put(self, resource: Any) -> Any:
        self._ids += 1
        kinds = {"Workflow": "wfl", "WorkflowInstance": "win", "WorkflowExecution": "wex", "Agent": "agt"}
        prefix = kinds.get(resource.kind, "aex")
        resource.metadata.id = resource.metadata.id or f"{prefix}-{self._ids:04d}{os.urandom(6).hex()}"
        resource.metadata.org = resource.metadata.org or ORG
        self.resources[resource.metadata.id] = resource
        return resource

    def add_workflow(self, source: str, name: str = "flow") -> Any:
        workflow = make("workflow", name)
        workflow.spec.source = source
        workflow.status.version_hash = hashlib.sha256(source.encode()).hexdigest()
        return self.put(workflow)

    def add_execution(self, workflow: Any, given: Any = None, execution_id: str = "") -> str:
        """An execution through a workflow instance, as the server makes them."""
        instance = make("workflow_instance", f"{workflow.metadata.slug}-default")
        instance.spec.workflow_id = workflow.metadata.id
        self.put(instance)
        execution = make("workflow_execution", "run")
        execution.metadata.id = execution_id
        execution.spec.workflow_instance_id = instance.metadata.id
        execution.spec.workflow_id = workflow.metadata.id
        if given is not None:
            execution.spec.input_json = json.dumps(given)
        execution.status.phase = 1
        execution.status.workflow_version_hash = workflow.status.version_hash
        return str(self.put(execution).metadata.id)

    def status(self, execution_id: str) -> Any:
        return self.resources[execution_id].status

    async def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until a report makes the condition true."""
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)

    async def ended(self, execution_id: str, seconds: float = 30.0) -> Any:
        await self.until(lambda: self.status(execution_id).phase in TERMINAL, seconds)
        return self.status(execution_id)

    def output(self, execution_id: str) -> Any:
        return json.loads(self.status(execution_id).output_json)

    def phases(self, execution_id: str) -> list[int]:
        """The phases in the order the reports brought them, without repeats."""
        found = [report.status.phase for report in self.reports[execution_id]]
        return [phase for i, phase in enumerate(found) if i == 0 or found[i - 1] != phase]

    def tasks(self, execution_id: str) -> dict[str, Any]:
        return {task.task_id: task for task in self.status(execution_id).tasks}

    def event_names(self, execution_id: str) -> list[str]:
        return [event.WhichOneof("payload") for event in self.events[execution_id].values()]


def make(kind_key: str, name: str) -> Any:
    kind = kind_by_key(kind_key)
    resource: Any = kind.message(api_version=API_VERSION, kind=kind.name)
    resource.metadata.name = resource.metadata.slug = name
    resource.metadata.org = ORG
    return resource


def merge(status: Any, report: Any) -> None:
    """Scalars that are set replace; tasks are merged by id."""
    for field, value in report.ListFields():
        if field.name == "subscriptions":
            del status.subscriptions[:]
            status.subscriptions.extend(value)
        elif field.name != "tasks":
            setattr(status, field.name, value)
    known = {task.task_id: task for task in status.tasks}
    for task in report.tasks:
        if task.task_id in known:
            known[task.task_id].CopyFrom(task)
        else:
            status.tasks.add().CopyFrom(task)


def agent_reply(text: str, phase: int = 3, **extra: Any) -> Any:
    """The status of an agent execution that ended."""
    status: Any = message_class("ai.stigmer.agentic.agentexecution.v1.AgentExecutionStatus")(phase=phase, **extra)
    status.messages.add(type=1, content="hello")
    status.messages.add(type=2, content=text)
    return status


class HttpService:
    """A small HTTP/1.1 server: routes are coroutines `(method, path, headers, body) -> (status, value)`.

    keeps: whether a connection takes more than one request.
    """

    keeps = False

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: Callable[[str, str, dict[str, str], bytes], Awaitable[tuple[int, Any]]] = self._echo
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _echo(self, verb: str, path: str, _headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        return 200, {"method": verb, "path": path, "body": json.loads(body) if body else None, "n": len(self.requests)}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._exchange(reader, writer)
            while self.keeps:
                await self._exchange(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        verb, path, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((verb, path, headers, body))
        status, value = await self.answer(verb, path, headers, body)
        kind = "application/json"
        if isinstance(value, tuple):
            kind, data = value
        elif isinstance(value, bytes):
            kind, data = "text/plain; charset=utf-8", value
        else:
            data = json.dumps(value).encode()
        extra = f"Location: {value['location']}\r\n" if 300 <= status < 400 else ""
        if isinstance(value, dict) and "header" in value:
            extra += "{}: {}\r\n".format(*value["header"])
        extra += "" if self.keeps else "Connection: close\r\n"
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        await writer.drain()
