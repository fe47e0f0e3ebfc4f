"""What the server starts to look at an MCP server once: a tiny workflow, whose activity connects and reports.

Nothing but ids goes through Temporal: the values of variables lie, sealed, in the ExecutionContext of the attempt.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import tempfile
    from pathlib import Path
    from typing import TYPE_CHECKING

    import structlog

    from stigmer_agent_runner.environment import load_environment
    from stigmer_agent_runner.errors import ResolveError
    from stigmer_agent_runner.mcp.config import ServerConfig, StdioTarget, config_of
    from stigmer_agent_runner.mcp.connection import Connection, Limits
    from stigmer_agent_runner.mcp.pins import unpinned_package
    from stigmer_agent_runner.mcp.remote import McpError, RemoteTool
    from stigmer_agent_runner.redaction import Redactor
    from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1.status_pb2 import DiscoveredTool
    from stigmer_api._pb.stigmer.runtime.v1.mcp_pb2 import ReportDiscoveryRequest
    from stigmer_api.errors import ApiError, InvalidArgument, NotFound, Unimplemented
    from stigmer_api.methods import MCP_DISCOVERY_SERVICE, method
    from stigmer_api.temporal import MCP_CONNECT, McpConnect

    if TYPE_CHECKING:
        from stigmer_agent_runner.server import Server
        from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import api_pb2 as mcp_pb2
        from stigmer_api.client import AsyncClient

__all__ = ["DiscoveryActivities", "McpConnectWorkflow"]

_DISCOVER = "stigmer_discover_mcp_server"
_GIVE_UP = "stigmer_give_up_mcp_server"
_FOR_EVER = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
_FEW = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
"""Attempts whose runner died on the way; what a server does wrong is no reason for another one."""

_log = structlog.get_logger(__name__)


@workflow.defn(name=MCP_CONNECT, failure_exception_types=[Exception])
class McpConnectWorkflow:
    """One attempt to connect."""

    @workflow.run
    async def run(self, connect: McpConnect) -> str:
        """Return the failure code, or "connected"."""
        try:
            answer: str = await workflow.execute_activity(
                _DISCOVER,
                connect,
                result_type=str,
                start_to_close_timeout=timedelta(seconds=90),
                heartbeat_timeout=timedelta(seconds=20),
                retry_policy=_FEW,
            )
        except ActivityError:
            answer = await workflow.execute_activity(
                _GIVE_UP,
                connect,
                result_type=str,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=_FOR_EVER,
            )
        return answer


class DiscoveryActivities:
    """Bound activities of one process."""

    def __init__(self, client: AsyncClient, server: Server, limits: Limits) -> None:
        self._client = client
        self._server = server
        self._limits = limits

    @activity.defn(name=_DISCOVER)
    async def discover(self, connect: McpConnect) -> str:
        """Connect, list, disconnect and report; the failure code, or "connected"."""
        beating = asyncio.create_task(_beat())
        try:
            return await self._report(await self._discovered(connect))
        finally:
            beating.cancel()

    @activity.defn(name=_GIVE_UP)
    async def give_up(self, connect: McpConnect) -> str:
        """Report that no attempt came to an end."""
        report = ReportDiscoveryRequest(mcp_server_id=connect.mcp_server_id, workflow_id=connect.attempt)
        report.failure_code = "mcp_discovery_failed"
        report.failure_message = "the agent runner did not come to an end with it; its log says more"
        return await self._report(report)

    async def _discovered(self, connect: McpConnect) -> ReportDiscoveryRequest:
        report = ReportDiscoveryRequest(mcp_server_id=connect.mcp_server_id, workflow_id=connect.attempt)
        try:
            request = method("mcp_server", "get").request(value=connect.mcp_server_id)
            server: mcp_pb2.McpServer = await self._client.call("mcp_server", "get", request)
            variables = await load_environment(connect.attempt, self._server)
        except NotFound:
            return report  # deleted meanwhile: the report finds that too
        except ApiError as error:
            raise ApplicationError(str(error), type=error.reason) from error
        try:
            config = config_of(server, variables)
            if isinstance(config.target, StdioTarget):
                report.warning = unpinned_package(config.target.command, config.target.args)
            await self._look(report, config)
        except (McpError, ResolveError) as error:
            report.ClearField("tools")
            report.failure_code = error.kind
            report.failure_message = Redactor(variables.secrets).text(str(error))  # a server may say what it was given
        if not report.failure_code and not report.tools:
            report.warning = "the server offers no tools"
        return report

    async def _look(self, report: ReportDiscoveryRequest, config: ServerConfig) -> None:
        with tempfile.TemporaryDirectory(prefix="stigmer-mcp-") as folder:
            connection = await Connection.open(config, Path(folder), self._limits)
            try:
                report.tools.extend(map(_discovered_tool, connection.tools))
                for item in await connection.resource_templates():
                    report.resource_templates.add(
                        uri_template=item.uri_template,
                        name=item.name,
                        description=item.description,
                        mime_type=item.mime_type,
                    )
            finally:
                await connection.close()

    async def _report(self, report: ReportDiscoveryRequest) -> str:
        try:
            await self._client.call(MCP_DISCOVERY_SERVICE, "ReportDiscovery", report)
        except NotFound:
            return "the MCP server is gone"
        except ApiError as error:
            hopeless = isinstance(error, InvalidArgument | Unimplemented)
            raise ApplicationError(str(error), type=error.reason, non_retryable=hopeless) from error
        _log.info(
            "MCP server looked at", server=report.mcp_server_id, tools=len(report.tools), failure=report.failure_code
        )
        return report.failure_code or "connected"


def _discovered_tool(tool: RemoteTool) -> DiscoveredTool:
    found = DiscoveredTool(name=tool.name, description=tool.description, digest=tool.digest)
    found.input_schema.update(dict(tool.schema))
    found.annotations.update(dict(tool.annotations))
    return found


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(5)
