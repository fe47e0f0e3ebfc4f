"""One test's world: API server, namespace of Temporal, home, and runners in this process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from agent_runner_testing.api import ApiServer, Execution
from stigmer_agent_runner import worker
from stigmer_agent_runner.settings import Settings, load_settings
from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2, io_pb2
from stigmer_api.temporal import (
    AGENT_EXECUTION,
    AGENT_EXECUTION_QUEUE,
    APPROVAL_DECIDED,
    ApprovalDecided,
    ExecutionInput,
    temporal_workflow_id,
)


async def connect(address: str, namespace: str) -> Client:
    """Connect to a Temporal that may still be starting."""
    async with asyncio.timeout(60):
        while True:
            try:
                client = await Client.connect(address, namespace=namespace)
                await client.workflow_service.describe_namespace(_describe(namespace))
            except (RuntimeError, RPCError):
                await asyncio.sleep(0.1)
            else:
                return client


def _describe(namespace: str) -> Any:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

    return DescribeNamespaceRequest(namespace=namespace)


@dataclass
class Stack:
    """The world of a test."""

    api: ApiServer
    client: Client
    home: Path
    temporal: str
    namespace: str
    _runners: list[tuple[asyncio.Event, asyncio.Task[None]]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """What a runner process needs to find this world."""
        return {
            "STIGMER_HOME": str(self.home),
            "STIGMER_SERVER_ADDRESS": self.api.address,
            "TEMPORAL_SERVICE_ADDRESS": self.temporal,
            "TEMPORAL_NAMESPACE": self.namespace,
            "STIGMER_AGENT_HEARTBEAT_SECONDS": "1",
        }

    def settings(self, **more: Any) -> Settings:
        """Settings of a runner in this process."""
        values: dict[str, Any] = {
            "home": self.home,
            "server_address": self.api.address,
            "temporal_address": self.temporal,
            "temporal_namespace": self.namespace,
            "heartbeat_seconds": 5.0,
            "drain_seconds": 5.0,
            "llm_retry_seconds": 0.01,
        }
        return load_settings(**{**values, **more})

    def start_runner(self, **more: Any) -> None:
        """Start a runner in this process."""
        stop = asyncio.Event()
        self._runners.append((stop, asyncio.create_task(worker.run(self.settings(**more), stop))))

    async def stop_runners(self) -> None:
        """Drain all runners."""
        for stop, task in self._runners:
            stop.set()
            async with asyncio.timeout(30):
                await task
        self._runners.clear()

    async def start(self, execution_id: str) -> WorkflowHandle[Any, Any]:
        """Start the workflow of an execution, as the server's dispatcher does."""
        return await self.client.start_workflow(
            AGENT_EXECUTION,
            ExecutionInput(execution_id),
            id=temporal_workflow_id(AGENT_EXECUTION, execution_id),
            task_queue=AGENT_EXECUTION_QUEUE,
        )

    async def run(self, session: str, message: str, **spec: Any) -> Execution:
        """Create an execution, start it and wait for its end."""
        execution = self.api.add_execution(session, message, **spec)
        await self.start(execution)
        return await self.api.finished(execution)

    async def waiting(self, session: str, message: str, count: int, **spec: Any) -> Execution:
        """Create an execution, start it and wait until it waits with so many questions."""
        execution = self.api.add_execution(session, message, **spec)
        await self.start(execution)
        return await self.asked(execution, count)

    async def asked(self, execution_id: str, count: int) -> Execution:
        """Wait until an execution waits with so many questions."""
        waiting = enum_pb2.EXECUTION_WAITING_FOR_APPROVAL
        return await self.api.until(
            execution_id, lambda status: status.phase == waiting and len(status.pending_approvals) == count
        )

    async def answer(self, execution_id: str, tool_call_id: str, action: str = "APPROVE", **more: Any) -> None:
        """Answer a question and pass the word on, as the server does it."""
        await self.api.submit_approval(
            io_pb2.SubmitApprovalInput(
                agent_execution_id=execution_id,
                tool_call_id=tool_call_id,
                action=f"APPROVAL_ACTION_{action}",
                **more,
            )
        )
        handle = self.client.get_workflow_handle(temporal_workflow_id(AGENT_EXECUTION, execution_id))
        await handle.signal(APPROVAL_DECIDED, ApprovalDecided(tool_call_id, 1))
