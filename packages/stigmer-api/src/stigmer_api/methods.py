"""Finds RPC methods by kind and verb, or by service name, from the descriptors alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from stigmer_api.kinds import KINDS, Kind
from stigmer_api.messages import WIRE_PACKAGES, all_files, load_package, message_class

if TYPE_CHECKING:
    from google.protobuf.message import Message

SEARCH_SERVICE = "ai.stigmer.search.v1.SearchService"
RESOURCE_SERVICE = "stigmer.runtime.v1.ResourceService"
EVENT_SERVICE = "stigmer.runtime.v1.EventService"
SERVER_SERVICE = "stigmer.runtime.v1.ServerService"
MCP_DISCOVERY_SERVICE = "stigmer.runtime.v1.McpDiscoveryService"
TASK_KIND_SERVICE = "ai.stigmer.agentic.workflow.v1.TaskKindRegistryQueryController"


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC: `request` and `response` are message classes.

    `path` is what goes over the wire, for example "/ai.stigmer.agentic.agent.v1.AgentQueryController/get".
    """

    service: str
    name: str
    path: str
    request: type[Message]
    response: type[Message]
    server_streaming: bool


def _method(descriptor: Any) -> Method:
    return Method(
        service=descriptor.containing_service.full_name,
        name=descriptor.name,
        path=f"/{descriptor.containing_service.full_name}/{descriptor.name}",
        request=message_class(descriptor.input_type.full_name),
        response=message_class(descriptor.output_type.full_name),
        server_streaming=descriptor.server_streaming,
    )


@cache
def service_methods(service: str) -> dict[str, Method]:
    """Return the methods of a service by name; LookupError when the contract has no such service."""
    package, _, name = service.rpartition(".")
    for file in load_package(package):
        found = file.services_by_name.get(name)
        if found is not None:
            return {method.name: _method(method) for method in found.methods}
    raise LookupError(f"the wire contract has no service {service!r}")


@cache
def services() -> tuple[str, ...]:
    """Full names of every service of the contract and of ours, in order."""
    names = [
        service.full_name
        for file in all_files()
        if file.package.startswith(WIRE_PACKAGES)
        for service in file.services_by_name.values()
    ]
    return tuple(sorted(names))


def method(target: Kind | str, verb: str) -> Method:
    """Return the RPC `verb` of a kind (command service first, then query service) or of a service by full name.

    Raises LookupError when there is none.
    """
    if isinstance(target, str) and "." not in target:
        by_key = {kind.key: kind for kind in KINDS}
        if target not in by_key:
            raise LookupError(f"there is no kind {target!r}")
        target = by_key[target]
    names = (target,) if isinstance(target, str) else (target.command_service, target.query_service)
    for service in names:
        found = service_methods(service).get(verb)
        if found is not None:
            return found
    raise LookupError(f"{' and '.join(names)} have no method {verb!r}")
