"""The API server as the runner sees it: reads by id and one report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import enum_pb2
from stigmer_api.errors import NotFound
from stigmer_api.methods import MCP_DISCOVERY_SERVICE, method

if TYPE_CHECKING:
    from stigmer_api._pb.ai.stigmer.agentic.agent.v1 import api_pb2 as agent_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import api_pb2 as execution_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agentexecution.v1 import io_pb2
    from stigmer_api._pb.ai.stigmer.agentic.agentinstance.v1 import api_pb2 as instance_pb2
    from stigmer_api._pb.ai.stigmer.agentic.executioncontext.v1 import api_pb2 as context_pb2
    from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import api_pb2 as mcp_pb2
    from stigmer_api._pb.ai.stigmer.agentic.session.v1 import api_pb2 as session_pb2
    from stigmer_api._pb.ai.stigmer.agentic.skill.v1 import api_pb2 as skill_pb2
    from stigmer_api._pb.ai.stigmer.agentic.skill.v1 import io_pb2 as skill_io_pb2
    from stigmer_api._pb.ai.stigmer.commons.apiresource.io_pb2 import ApiResourceReference
    from stigmer_api._pb.stigmer.runtime.v1 import mcp_pb2 as discovery_pb2
    from stigmer_api.client import AsyncClient


_MAX_ATTACHMENT = 50 * 1024 * 1024
_FILE_SECONDS = 120.0
"""The largest file that the server keeps, and how long sending one may take."""


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

    async def mcp_server(self, reference: ApiResourceReference) -> mcp_pb2.McpServer:
        """Return the MCP server that org and slug name."""
        ...

    async def skill(self, reference: ApiResourceReference) -> skill_pb2.Skill:
        """Return the skill that org, slug and version name."""
        ...

    async def skill_artifact(self, storage_key: str) -> bytes:
        """Return the zip file of a version of a skill."""
        ...

    async def quarantine(self, request: discovery_pb2.QuarantineRequest) -> None:
        """Have an MCP server closed whose tools changed."""
        ...

    async def attachment(self, execution_id: str, storage_key: str) -> bytes:
        """Return the whole content of a file of an execution."""
        ...

    async def keep_file(self, filename: str, content: bytes) -> str:
        """Keep a file and return its storage key; it stays while an execution names it."""
        ...

    async def report(self, report: io_pb2.AgentExecutionUpdateStatusInput) -> io_pb2.UpdateStatusResponse:
        """Report a part of an execution's status."""
        ...

    async def reject(self, execution_id: str, call_id: str, comment: str) -> None:
        """Answer a pending approval with a rejection; FailedPrecondition when it was answered otherwise meanwhile."""
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

    async def mcp_server(self, reference: ApiResourceReference) -> mcp_pb2.McpServer:
        """See Server."""
        return cast("mcp_pb2.McpServer", await self._client.call("mcp_server", "getByReference", reference))

    async def skill(self, reference: ApiResourceReference) -> skill_pb2.Skill:
        """See Server."""
        return cast("skill_pb2.Skill", await self._client.call("skill", "getByReference", reference))

    async def skill_artifact(self, storage_key: str) -> bytes:
        """See Server."""
        request = method("skill", "getArtifact").request(artifact_storage_key=storage_key)
        answer = cast("skill_io_pb2.GetArtifactResponse", await self._client.call("skill", "getArtifact", request))
        return answer.artifact

    async def quarantine(self, request: discovery_pb2.QuarantineRequest) -> None:
        """See Server."""
        await self._client.call(MCP_DISCOVERY_SERVICE, "Quarantine", request)

    async def attachment(self, execution_id: str, storage_key: str) -> bytes:
        """See Server."""
        reading = method("agent_execution", "getArtifactContent")
        request = reading.request(execution_id=execution_id, storage_key=storage_key, max_bytes=_MAX_ATTACHMENT)
        found = await self._client.call("agent_execution", "getArtifactContent", request, timeout=_FILE_SECONDS)
        return cast("io_pb2.GetArtifactContentResponse", found).content

    async def keep_file(self, filename: str, content: bytes) -> str:
        """See Server."""
        keeping = method("agent_execution", "uploadAttachment")
        request = keeping.request(filename=filename, content=content)
        found = await self._client.call("agent_execution", "uploadAttachment", request, timeout=_FILE_SECONDS)
        return cast("io_pb2.UploadAttachmentResponse", found).storage_key

    async def report(self, report: io_pb2.AgentExecutionUpdateStatusInput) -> io_pb2.UpdateStatusResponse:
        """See Server."""
        response = await self._client.call("agent_execution", "updateStatus", report)
        return cast("io_pb2.UpdateStatusResponse", response)

    async def reject(self, execution_id: str, call_id: str, comment: str) -> None:
        """See Server."""
        answer = method("agent_execution", "submitApproval").request(
            agent_execution_id=execution_id,
            tool_call_id=call_id,
            action=enum_pb2.APPROVAL_ACTION_REJECT,
            comment=comment,
        )
        await self._client.call("agent_execution", "submitApproval", answer)

    async def _get(self, kind: str, resource_id: str) -> object:
        return await self._client.call(kind, "get", method(kind, "get").request(value=resource_id))
