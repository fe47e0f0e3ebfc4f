"""The API server as the runner sees it: reads by id and one report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from stigmer_api.errors import NotFound
from stigmer_api.methods import method

if TYPE_CHECKING:
    from stigmer_api._pb.ai.stigmer.agentic.agent.v1 import api_pb2 as agent_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import api_pb2 as execution_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import io_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agentinstance.v1 import api_pb2 as instance_pb2
    from stigmer_api._pb.ai.stigmer.agentic.executioncontext.v1 import api_pb2 as context_pb2
    from stigmer_api._pb.ai.stigmer.agentic.session.v1 import api_pb2 as session_pb2
    from stigmer_api.client import AsyncClient


class Server(Protocol):
    """What the runner needs of the server. Everything raises stigmer_api.errors.ApiError."""

    async def execution(self, execution_id: str) -> execution_pb2.AgentExecution:
        """Return an agent execution."""
        ...

    async def session(self, session_id: str) -> session_pb2.Session:
        """Return a session."""
        ...

    async def instance(self, instance_id: str) -> instance_pb2.AgentInstance:
        """Return an agent instance."""
        ...

    async def agent(self, agent_id: str) -> agent_pb2.Agent:
        """Return an agent."""
        ...

    async def execution_context(self, execution_id: str) -> context_pb2.ExecutionContext | None:
        """Return the resolved variables of an execution with their secrets; None when it has none."""
        ...

    async def report(self, report: io_pb2.AgentExecutionUpdateStatusInput) -> io_pb2.UpdateStatusResponse:
        """Report a part of an execution's status."""
        ...


class GrpcServer:
    """The server behind a client."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def execution(self, execution_id: str) -> execution_pb2.AgentExecution:
        """See Server."""
        return cast("execution_pb2.AgentExecution", await self._get("agent_execution", execution_id))

    async def session(self, session_id: str) -> session_pb2.Session:
        """See Server."""
        return cast("session_pb2.Session", await self._get("session", session_id))

    async def instance(self, instance_id: str) -> instance_pb2.AgentInstance:
        """See Server."""
        return cast("instance_pb2.AgentInstance", await self._get("agent_instance", instance_id))

    async def agent(self, agent_id: str) -> agent_pb2.Agent:
        """See Server."""
        return cast("agent_pb2.Agent", await self._get("agent", agent_id))

    async def execution_context(self, execution_id: str) -> context_pb2.ExecutionContext | None:
        """See Server."""
        reading = method("execution_context", "getByExecutionId")
        try:
            found = await self._client.call(
                "execution_context", "getByExecutionId", reading.request(execution_id=execution_id)
            )
        except NotFound:
            return None
        return cast("context_pb2.ExecutionContext", found)

    async def report(self, report: io_pb2.AgentExecutionUpdateStatusInput) -> io_pb2.UpdateStatusResponse:
        """See Server."""
        response = await self._client.call("agent_execution", "updateStatus", report)
        return cast("io_pb2.UpdateStatusResponse", response)

    async def _get(self, kind: str, resource_id: str) -> object:
        return await self._client.call(kind, "get", method(kind, "get").request(value=resource_id))
