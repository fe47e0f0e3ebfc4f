"""MCP servers and skills of the tests' API server: found by reference, with what runners report of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from stigmer_agent_runner.skills.package import read_package
from stigmer_api._pb.ai.stigmer.agentic.mcpserver.v1 import api_pb2 as mcp_pb2
from stigmer_api._pb.ai.stigmer.agentic.skill.v1 import api_pb2 as skill_pb2
from stigmer_api.errors import NotFound
from stigmer_api.methods import MCP_DISCOVERY_SERVICE, method
from stigmer_api.skills import PackedFile, package_hash

if TYPE_CHECKING:
    from agent_runner_testing.api import ApiServer

_SKILL_KEY = "skills/{hash}.zip"


def registry_methods(server: ApiServer) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """The methods by path."""
    found = {
        method("mcp_server", "get"): partial(server.get, "mcp_server"),
        method("mcp_server", "getByReference"): partial(_by_reference, server, "mcp_server"),
        method("skill", "getByReference"): partial(_by_reference, server, "skill"),
        method("skill", "getArtifact"): partial(_artifact, server),
        method(MCP_DISCOVERY_SERVICE, "ReportDiscovery"): partial(_note, server, "ReportDiscovery"),
        method(MCP_DISCOVERY_SERVICE, "Quarantine"): partial(_note, server, "Quarantine"),
    }
    return {rpc.path: (rpc, call) for rpc, call in found.items()}


def add_mcp_server(server: ApiServer, slug: str, spec: Mapping[str, Any], **status: Any) -> mcp_pb2.McpServer:
    """Store an MCP server."""
    message = mcp_pb2.McpServer(metadata={"id": f"mcp-{slug}", "slug": slug, "org": "local"}, spec=spec, status=status)
    server.resources["mcp_server", message.metadata.id] = message
    return message


def add_skill(server: ApiServer, slug: str, files: Mapping[str, str]) -> skill_pb2.Skill:
    """Store a skill with these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    data = stream.getvalue()
    packed = [PackedFile(file.path, file.executable, file.sha256) for file in read_package(slug, data)]
    version = package_hash(packed)
    key = _SKILL_KEY.format(hash=version)
    message = skill_pb2.Skill(
        metadata={"id": f"skl-{slug}", "slug": slug, "org": "local"},
        spec={"name": slug, "skill_md": files["SKILL.md"]},
        status={"version_hash": version, "artifact_storage_key": key},
    )
    server.resources["skill", message.metadata.id] = message
    server.resources["artifact", key] = data
    return message


async def _by_reference(server: ApiServer, kind: str, request: Any) -> Any:
    for (key, _), resource in server.resources.items():
        if key == kind and (resource.metadata.slug, resource.metadata.org) == (request.slug, request.org):
            return resource
    raise NotFound(f"{kind} {request.slug} does not exist")


async def _artifact(server: ApiServer, request: Any) -> Any:
    found = server.resources.get(("artifact", request.artifact_storage_key))
    if found is None:
        raise NotFound("no such artifact")
    return method("skill", "getArtifact").response(artifact=found)


async def _note(server: ApiServer, name: str, request: Any) -> Any:
    server.told.append(request)
    return method(MCP_DISCOVERY_SERVICE, name).response()
