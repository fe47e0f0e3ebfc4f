"""A real gRPC server with the handful of RPCs that the runner calls, and its resources in memory."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import grpc
import grpc.aio
import pytest

from agent_runner_testing.registry import registry_methods
from stigmer_api._pb.ai.stigmer.agentic.agent.v1 import api_pb2 as agent_pb2
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import api_pb2 as execution_pb2
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, io_pb2, status_pb2
from stigmer_api._pb.ai.stigmer.agentic.agentinstance.v1 import api_pb2 as instance_pb2
from stigmer_api._pb.ai.stigmer.agentic.executioncontext.v1 import api_pb2 as context_pb2
from stigmer_api._pb.ai.stigmer.agentic.session.v1 import api_pb2 as session_pb2
from stigmer_api.errors import ApiError, FailedPrecondition, NotFound, Unauthenticated, to_rpc_status
from stigmer_api.kinds import kind_by_key
from stigmer_api.methods import method

TOKEN = "token-of-the-tests"
TERMINAL = {enum_pb2.EXECUTION_COMPLETED, enum_pb2.EXECUTION_FAILED, enum_pb2.EXECUTION_CANCELLED}
WAIT_SECONDS = float(os.environ.get("STIGMER_TEST_WAIT_SECONDS", "60"))
"""How long a test waits for an execution; a machine that is busy with much else needs more."""

Execution = execution_pb2.AgentExecution


def new_id(kind: str) -> str:
    """Make an id as the server does."""
    return f"{kind_by_key(kind).id_prefix}-{uuid.uuid4().hex[:26]}"


class ApiServer:
    """Start it with `async with`. Merges reports as the contract says: by message id, never an older one."""

    def __init__(self) -> None:
        self.resources: dict[tuple[str, str], Any] = {}
        self.files: dict[str, bytes] = {}
        self.reports: dict[str, list[io_pb2.AgentExecutionUpdateStatusInput]] = {}
        self.fail_reports: list[ApiError] = []
        self.fired: list[Any] = []
        self.told: list[Any] = []
        self.fail_fires: list[ApiError] = []
        self.signal = enum_pb2.EXECUTION_CONTROL_SIGNAL_UNSPECIFIED
        self.address = ""
        self._port = 0
        self._server: grpc.aio.Server | None = None
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after stop() on the same port again."""
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((_Handler(self),))
        self._port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        self.address = f"127.0.0.1:{self._port}"
        await self._server.start()

    async def stop(self) -> None:
        """Be away."""
        if self._server is not None:
            await self._server.stop(grace=0)
            self._server = None

    def add_agent(self, **spec: Any) -> str:
        """Store an agent with its instance and return the id of the instance."""
        spec.setdefault("instructions", "You answer politely and briefly.")
        agent, instance = new_id("agent"), new_id("agent_instance")
        self.resources["agent", agent] = agent_pb2.Agent(metadata={"id": agent, "name": "tester"}, spec=spec)
        self.resources["agent_instance", instance] = instance_pb2.AgentInstance(
            metadata={"id": instance}, spec={"agent_id": agent}
        )
        return instance

    def add_session(self, instance: str, **spec: Any) -> str:
        """Store a session of an agent instance and return its id."""
        session = new_id("session")
        self.resources["session", session] = session_pb2.Session(
            metadata={"id": session}, spec={"agent_instance_id": instance, **spec}
        )
        return session

    def add_execution(self, session: str, message: str, **spec: Any) -> str:
        """Store a pending execution and return its id."""
        execution = new_id("agent_execution")
        self.resources["agent_execution", execution] = Execution(
            metadata={"id": execution},
            spec={"session_id": session, "message": message, **spec},
            status={"phase": enum_pb2.EXECUTION_PENDING},
        )
        return execution

    def set_variables(self, execution_id: str, values: dict[str, str], *, secret: bool = False) -> None:
        """Add to the variables of an execution, as the server resolves them when it is created."""
        context = self.resources.setdefault(("execution_context", execution_id), context_pb2.ExecutionContext())
        for name, value in values.items():
            context.spec.data[name].value, context.spec.data[name].is_secret = value, secret

    async def execution_context(self, request: Any) -> Any:
        """RPC getByExecutionId of an execution context."""
        found = self.resources.get(("execution_context", request.execution_id))
        if found is None:
            raise NotFound(f"{request.execution_id} has no variables")
        return found

    async def upload(self, request: Any) -> Any:
        """RPC uploadAttachment."""
        key = f"attachments/{hashlib.sha256(request.content).hexdigest()}"
        self.files[key] = request.content
        return io_pb2.UploadAttachmentResponse(storage_key=key)

    async def file(self, request: Any) -> Any:
        """RPC getArtifactContent."""
        if request.storage_key not in self.files:
            raise NotFound("there is no such file")
        return io_pb2.GetArtifactContentResponse(content=self.files[request.storage_key])

    def execution(self, execution_id: str) -> Execution:
        """The execution as it is stored now."""
        found: Execution = self.resources["agent_execution", execution_id]
        return found

    def session(self, session_id: str) -> session_pb2.Session:
        """A stored session."""
        found: session_pb2.Session = self.resources["session", session_id]
        return found

    async def until(self, execution_id: str, test: Callable[[status_pb2.AgentExecutionStatus], bool]) -> Execution:
        """Wait until the status of an execution passes a test."""
        try:
            async with asyncio.timeout(WAIT_SECONDS), self._changed:
                await self._changed.wait_for(lambda: test(self.execution(execution_id).status))
        except TimeoutError:
            pytest.fail(f"waited {WAIT_SECONDS:.0f} s in vain; the status is\n{self.execution(execution_id).status}")
        return self.execution(execution_id)

    async def finished(self, execution_id: str) -> Execution:
        """Wait until an execution is terminal."""
        return await self.until(execution_id, lambda status: status.phase in TERMINAL)

    async def get(self, kind: str, request: Any) -> Any:
        """RPC get of any kind."""
        found = self.resources.get((kind, request.value))
        if found is None:
            raise NotFound(f"{kind} {request.value} does not exist")
        return found

    async def trigger(self, request: Any) -> Any:
        """RPC trigger of a schedule."""
        if self.fail_fires:
            raise self.fail_fires.pop(0)
        self.fired.append(request)
        return method("schedule", "trigger").response(execution_id=f"aex-of-{request.value}")

    async def update_status(self, request: io_pb2.AgentExecutionUpdateStatusInput) -> io_pb2.UpdateStatusResponse:
        """RPC updateStatus."""
        if self.fail_reports:
            raise self.fail_reports.pop(0)
        if ("agent_execution", request.execution_id) not in self.resources:
            raise NotFound("the execution does not exist")
        async with self._changed:
            status = self.execution(request.execution_id).status
            self.reports.setdefault(request.execution_id, []).append(request)
            if status.phase not in TERMINAL and request.sequence > status.sequence:
                _merge(status, request)
            self._changed.notify_all()
        return io_pb2.UpdateStatusResponse(signal=self.signal)

    async def submit_approval(self, request: io_pb2.SubmitApprovalInput) -> Execution:
        """RPC submitApproval, without the judgement of answers that come late or twice."""
        async with self._changed:
            execution = self.execution(request.agent_execution_id)
            pending = [item for item in execution.status.pending_approvals if item.tool_call_id == request.tool_call_id]
            if not pending:
                raise FailedPrecondition(f"{request.tool_call_id} is not pending")
            item = pending[0]
            execution.status.approval_event_stream.events.add(
                approval_request_id=item.request_id,
                decided=status_pb2.ApprovalDecision(
                    approval_request_id=item.request_id,
                    action=request.action,
                    decided_by="ada",
                    decided_at="2026-01-01T00:00:00Z",
                    comment=request.comment,
                    edited_args_json=request.edited_args_json,
                ),
            )
            execution.status.pending_approvals.remove(item)
            self._changed.notify_all()
        return execution


def _merge(status: status_pb2.AgentExecutionStatus, request: io_pb2.AgentExecutionUpdateStatusInput) -> None:
    _put_by_id(status.messages, request.status.messages)
    for field in ("phase", "started_at", "completed_at", "error"):
        value = getattr(request.status, field)
        if value:
            setattr(status, field, value)
    if request.status.artifacts:
        del status.artifacts[:]
        status.artifacts.extend(request.status.artifacts)
    if request.status.HasField("streaming_usage"):
        status.streaming_usage.CopyFrom(request.status.streaming_usage)
    if request.status.todos:
        status.ClearField("todos")
        for key, todo in request.status.todos.items():
            status.todos[key].CopyFrom(todo)
    if request.status.phase not in {
        enum_pb2.EXECUTION_PHASE_UNSPECIFIED,
        enum_pb2.EXECUTION_PAUSED,
    }:
        decided = {event.approval_request_id for event in status.approval_event_stream.events}
        status.ClearField("pending_approvals")
        status.pending_approvals.extend(
            item for item in request.status.pending_approvals if item.request_id not in decided
        )
    if request.status.HasField("structured_output"):
        status.structured_output.CopyFrom(request.status.structured_output)
    for item in request.status.sub_agent_executions:
        _put_sub_agent(status, item)
    status.sequence = request.sequence


def _put_sub_agent(status: status_pb2.AgentExecutionStatus, item: status_pb2.SubAgentExecution) -> None:
    known = next((one for one in status.sub_agent_executions if one.id == item.id), None)
    whole = status_pb2.SubAgentExecution()
    whole.CopyFrom(item)
    del whole.messages[:]
    whole.messages.extend(known.messages if known is not None else ())
    _put_by_id(whole.messages, item.messages)
    (known or status.sub_agent_executions.add()).CopyFrom(whole)


def _put_by_id(stored: Any, reported: Any) -> None:
    known = {item.id: item for item in stored}
    for item in reported:
        if item.id in known:
            known[item.id].CopyFrom(item)
        else:
            stored.add().CopyFrom(item)


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, server: ApiServer) -> None:
        self._methods: dict[str, tuple[Any, Callable[[Any], Any]]] = {}
        for kind in ("agent", "session", "agent_instance", "agent_execution"):
            rpc = method(kind, "get")
            self._methods[rpc.path] = (rpc, partial(server.get, kind))
        rpc = method("agent_execution", "uploadAttachment")
        self._methods[rpc.path] = (rpc, server.upload)
        rpc = method("agent_execution", "getArtifactContent")
        self._methods[rpc.path] = (rpc, server.file)
        rpc = method("execution_context", "getByExecutionId")
        self._methods[rpc.path] = (rpc, server.execution_context)
        rpc = method("agent_execution", "updateStatus")
        self._methods[rpc.path] = (rpc, server.update_status)
        rpc = method("agent_execution", "submitApproval")
        self._methods[rpc.path] = (rpc, server.submit_approval)
        rpc = method("schedule", "trigger")
        self._methods[rpc.path] = (rpc, server.trigger)
        self._methods.update(registry_methods(server))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        found = self._methods.get(handler_call_details.method)
        if found is None:
            return None
        rpc, call = found
        metadata = dict(handler_call_details.invocation_metadata)

        async def handle(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            try:
                if metadata.get("authorization") != f"Bearer {TOKEN}":
                    raise Unauthenticated("bad token")
                return await call(request)
            except ApiError as error:
                await _abort(context, error)

        return grpc.unary_unary_rpc_method_handler(
            handle, request_deserializer=rpc.request.FromString, response_serializer=rpc.response.SerializeToString
        )


async def _abort(context: Any, error: ApiError) -> None:
    status = to_rpc_status(error)
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(getattr(grpc.StatusCode, error.code), error.message, trailing_metadata=details)
