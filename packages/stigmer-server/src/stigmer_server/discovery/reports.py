"""What runners tell of MCP servers: the end of an attempt to connect, and tools that changed behind their pins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import enum_pb2
from stigmer_api._pb.stigmer.runtime.v1.mcp_pb2 import QuarantineResponse, ReportDiscoveryResponse
from stigmer_api.kinds import kind_by_key
from stigmer_server.discovery.attempts import drop_attempt
from stigmer_server.resources.controller import require_valid

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from stigmer_server.resources.registry import Services
    from stigmer_server.resources.unit import UnitOfWork

__all__ = ["quarantine", "report_discovery"]

_KIND = kind_by_key("mcp_server")
_MOST_TOOLS = 2000


async def report_discovery(services: Services, request: Any) -> Message:
    """End an attempt. A failed one leaves what an earlier one found, and its pins, as they are."""
    require_valid(request)

    def work(unit: UnitOfWork) -> bool:
        server = unit.require(_KIND, request.mcp_server_id)
        connect = server.status.connect_status
        if connect.workflow_id != request.workflow_id or connect.phase != enum_pb2.connect_phase_connecting:
            return False
        drop_attempt(unit, server)
        connect.finished_at.FromDatetime(unit.now)
        connect.warning = request.warning
        if request.failure_code:
            connect.phase = enum_pb2.connect_phase_failed
            connect.failure_code, connect.failure_message = request.failure_code, request.failure_message
            server.status.validation_state = enum_pb2.invalid
            server.status.validation_message = request.failure_message
        else:
            connect.phase = enum_pb2.connect_phase_succeeded
            _take_over(server.status, request)
            server.status.discovered_capabilities.last_discovered_at.FromDatetime(unit.now)
        unit.save(_KIND, server)
        return True

    return ReportDiscoveryResponse(accepted=await services.controller.run(work))


async def quarantine(services: Services, request: Any) -> Message:
    """Close a server, when its pins are still those that the runner held its tools against."""
    require_valid(request)

    def work(unit: UnitOfWork) -> None:
        server = unit.require(_KIND, request.mcp_server_id)
        pins = {tool.name: tool.digest for tool in server.status.discovered_capabilities.tools}
        if pins != dict(request.pins):
            return
        changed = sorted({*server.status.quarantined_tools, *request.tools})
        if changed == list(server.status.quarantined_tools):
            return
        del server.status.quarantined_tools[:]
        server.status.quarantined_tools.extend(changed)
        server.status.validation_state = enum_pb2.invalid
        server.status.validation_message = f"quarantined: {', '.join(changed)} changed since the server was connected"
        unit.save(_KIND, server)

    await services.controller.run(work)
    return QuarantineResponse()


def _take_over(status: Any, request: Any) -> None:
    found = status.discovered_capabilities
    found.Clear()
    found.tools.extend(request.tools[:_MOST_TOOLS])
    found.resource_templates.extend(request.resource_templates)
    del status.tool_approvals[:]
    for tool in found.tools:
        hints = tool.annotations.fields
        if hints["destructiveHint"].bool_value and not hints["readOnlyHint"].bool_value:
            text = f"{tool.name} says of itself that it may destroy something."
            status.tool_approvals.add(tool_name=tool.name, message=text, from_destructive_hint=True)
    del status.quarantined_tools[:]
    status.validation_state = enum_pb2.valid
    status.validation_message = ""
