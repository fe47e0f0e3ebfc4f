"""The one place that speaks to Temporal: connects on first use, and says plainly when Temporal is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    GetSystemInfoRequest,
    SignalWorkflowExecutionRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from stigmer_api.kinds import Kind
from stigmer_api.temporal import (
    AGENT_EXECUTION,
    AGENT_EXECUTION_QUEUE,
    CHILD_FINISHED,
    RECOVERY_MEMO,
    WORKFLOW_EXECUTION,
    WORKFLOW_EXECUTION_QUEUE,
    ChildFinished,
    ExecutionInput,
    temporal_workflow_id,
)
from stigmer_server.errors import ServerError

__all__ = [
    "QUEUES",
    "Outcome",
    "Surroundings",
    "TemporalAway",
    "TemporalLink",
    "TemporalRefused",
    "workflow_id_of",
]

T = TypeVar("T")

QUEUES = (WORKFLOW_EXECUTION_QUEUE, AGENT_EXECUTION_QUEUE)
"""Task queues of the runners."""

_RUNS: Mapping[str, tuple[str, str]] = {
    "workflow_execution": (WORKFLOW_EXECUTION, WORKFLOW_EXECUTION_QUEUE),
    "agent_execution": (AGENT_EXECUTION, AGENT_EXECUTION_QUEUE),
}

_CALL_SECONDS = 5.0
_POLLER_FRESH = timedelta(seconds=70)  # a long poll lasts up to 60 s and counts from its beginning
_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.ABORTED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
    }
)


class TemporalAway(ServerError):
    """Temporal does not answer now; the same call may succeed later."""


class TemporalRefused(ServerError):
    """Temporal refuses this call, and will refuse it again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a workflow ended. `status` is a WorkflowExecutionStatus name, or NOT_FOUND."""

    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a probe of Temporal found."""

    reachable: bool
    error: str = ""
    server_version: str = ""
    pollers: Mapping[str, int] | None = None


def workflow_id_of(kind: Kind, execution_id: str) -> str:
    """Id of the Temporal workflow of an execution."""
    return temporal_workflow_id(_RUNS[kind.key][0], execution_id)


class TemporalLink:
    """A connection that is made when it is first needed. Every method raises TemporalAway when Temporal is away."""

    def __init__(self, address: str, namespace: str) -> None:
        self.address = address
        self.namespace = namespace
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._attempts = 0
        self._failure = ""

    async def start(self, kind: Kind, execution_id: str, recovery: int = 0) -> bool:
        """Start the workflow of an execution; done as well when it was started before. Raises TemporalRefused.

        `recovery` above 0 starts a new run after the last one has closed; False while that is still open.
        """
        client = await self._connected()
        workflow_type, queue = _RUNS[kind.key]
        workflow_id = workflow_id_of(kind, execution_id)
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if recovery else WorkflowIDReusePolicy.REJECT_DUPLICATE
        try:
            await self._call(
                client.start_workflow(
                    workflow_type,
                    ExecutionInput(execution_id),
                    id=workflow_id,
                    task_queue=queue,
                    id_reuse_policy=reuse,
                    memo={RECOVERY_MEMO: recovery} if recovery else None,
                )
            )
        except WorkflowAlreadyStartedError:
            return not recovery or await self._recovery_of(client, workflow_id) >= recovery
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # nothing but the namespace can be missing here
                raise TemporalAway(error.message) from error
            raise TemporalRefused(error.message) from error
        return True

    async def _recovery_of(self, client: Client, workflow_id: str) -> int:
        """The recovery that the present run of a workflow belongs to."""
        try:
            description = await self._call(client.get_workflow_handle(workflow_id).describe())
            return int(await description.memo_value(RECOVERY_MEMO, 0, type_hint=int))
        except RPCError as error:
            self._expect_missing(error)
            return 0

    async def tell_parent(self, workflow_id: str, execution_id: str, request_id: str) -> bool:
        """Signal the workflow that waits for an execution; a repeated `request_id` is dropped. False: it is gone."""
        return await self.signal(workflow_id, CHILD_FINISHED, ChildFinished(execution_id), request_id)

    async def signal(self, workflow_id: str, name: str, argument: object, request_id: str) -> bool:
        """Signal a workflow; a repeated `request_id` is dropped. False: the workflow is gone."""
        client = await self._connected()
        payloads = await client.data_converter.encode([argument])
        request = SignalWorkflowExecutionRequest(
            namespace=self.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            signal_name=name,
            input=Payloads(payloads=payloads),
            identity=client.service_client.config.identity,
            request_id=request_id,
        )
        return await self._found(client.workflow_service.signal_workflow_execution(request))

    async def cancel(self, workflow_id: str) -> bool:
        """Ask a workflow to cancel; False: it is gone."""
        client = await self._connected()
        return await self._found(client.get_workflow_handle(workflow_id).cancel())

    async def terminate(self, workflow_id: str, reason: str) -> bool:
        """End a workflow; False: it is gone."""
        client = await self._connected()
        return await self._found(client.get_workflow_handle(workflow_id).terminate(reason=reason))

    async def outcome(self, workflow_id: str) -> Outcome | None:
        """How a workflow ended; None while it runs."""
        client = await self._connected()
        handle = client.get_workflow_handle(workflow_id)
        try:
            status = (await self._call(handle.describe())).status
        except RPCError as error:
            self._expect_missing(error)
            return Outcome("NOT_FOUND")
        if status is None or status in {
            WorkflowExecutionStatus.RUNNING,
            WorkflowExecutionStatus.CONTINUED_AS_NEW,
        }:
            return None
        if status is not WorkflowExecutionStatus.FAILED:
            return Outcome(status.name)
        try:
            await self._call(handle.result())
        except WorkflowFailureError as error:
            return Outcome(status.name, _root_message(error))
        except RPCError as error:
            self._expect_missing(error)
        return Outcome(status.name)

    async def on_client(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Do something else with the connection, in the time of one call. Raises RPCError for what is not "away"."""
        return await self._call(work(await self._connected()))

    async def probe(self) -> Surroundings:
        """Reachability, version and live pollers; never raises."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                client = await self._connected()
                info = await self._call(client.workflow_service.get_system_info(GetSystemInfoRequest()))
                pollers = {queue: await self._pollers(client, queue) for queue in QUEUES}
        except (TemporalAway, RPCError) as error:
            return Surroundings(reachable=False, error=str(error))
        except TimeoutError:
            return Surroundings(reachable=False, error=f"Temporal at {self.address} does not answer")
        return Surroundings(reachable=True, server_version=info.server_version, pollers=pollers)

    async def _pollers(self, client: Client, queue: str) -> int:
        """Workers that poll a queue for workflow tasks and for activities: the lesser of both counts."""
        counts = []
        for queue_type in (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY):
            request = DescribeTaskQueueRequest(
                namespace=self.namespace, task_queue=TaskQueue(name=queue), task_queue_type=queue_type
            )
            answer = await self._call(client.workflow_service.describe_task_queue(request))
            counts.append(len({poller.identity for poller in answer.pollers if _is_fresh(poller)}))
        return min(counts)

    async def _connected(self) -> Client:
        """The client. Whoever waits for the attempt of another shares its outcome."""
        tried = self._attempts
        async with self._connecting:
            if self._client is None:
                if self._attempts != tried:
                    raise TemporalAway(self._failure)
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> Client:
        self._attempts += 1
        self._failure = f"cannot connect to Temporal at {self.address}"
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await Client.connect(self.address, namespace=self.namespace)
        except TimeoutError as error:
            self._failure = f"Temporal at {self.address} does not answer"
            raise TemporalAway(self._failure) from error
        except RuntimeError as error:  # the SDK's only signal for a failed connection
            raise TemporalAway(self._failure) from error

    async def _call(self, call: Awaitable[T]) -> T:
        """Await a call within its time; turns what means "away" into TemporalAway."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await call
        except TimeoutError as error:
            raise TemporalAway(f"Temporal at {self.address} does not answer in {_CALL_SECONDS:g} s") from error
        except RPCError as error:
            if error.status in _AWAY:
                raise TemporalAway(error.message) from error
            raise

    async def _found(self, call: Awaitable[object]) -> bool:
        try:
            await self._call(call)
        except RPCError as error:
            self._expect_missing(error)
            return False
        return True

    def _expect_missing(self, error: RPCError) -> None:
        """Let "no such workflow, or it has ended" pass; a missing namespace is Temporal not being ready."""
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise TemporalRefused(error.message) from error
        if "namespace" in error.message.lower():
            raise TemporalAway(error.message) from error


def _is_fresh(poller: PollerInfo) -> bool:
    return datetime.now(UTC) - poller.last_access_time.ToDatetime(tzinfo=UTC) < _POLLER_FRESH


def _root_message(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)
