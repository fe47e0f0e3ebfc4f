"""Binds every method of the contract to exactly one behaviour, from the descriptors; a gap fails the start.

A method is served by the custom method of its kind, else by the generic controller when its verb is a generic one,
else it must be in the list `WITHOUT_BEHAVIOUR`. Nothing is generated per kind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import grpc

from stigmer_api.errors import Unimplemented
from stigmer_api.kinds import KINDS, Kind
from stigmer_api.methods import Method, service_methods, services
from stigmer_server.errors import StartupError
from stigmer_server.resources.listing import ListMethod
from stigmer_server.rpc.boundary import DEFAULT_EDGE, Edge, abort
from stigmer_server.rpc.without_behaviour import WITHOUT_BEHAVIOUR

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from stigmer_server.resources.controller import Controller
    from stigmer_server.resources.registry import ResourceRegistry, Services, StreamBehaviour, UnaryBehaviour

__all__ = ["MethodTable", "install"]

Bound = Callable[[Any], Awaitable["Message | bytes"]]

_LEFT_OUT = (
    "{method} is not part of this server: billing, OAuth, channels, teams, file reviews and the cloud-only kinds "
    "of Stigmer are left out"
)
_LATER = "{method} is declared but has no behaviour in this version of the server"


class MethodTable(grpc.GenericRpcHandler):
    """Finds the handler of a path; for whatever else the contract of Stigmer has, one that says it is left out."""

    def __init__(self, methods: Mapping[str, Any]) -> None:
        self._methods = methods

    def service(self, handler_call_details: Any) -> Any:
        """The handler, or None for a service that is no concern of this table."""
        path: str = handler_call_details.method
        found = self._methods.get(path)
        if found is None and path.startswith("/ai.stigmer."):
            return grpc.stream_stream_rpc_method_handler(partial(_refuse_left_out, path))
        return found


def install(
    registry: ResourceRegistry,
    free: Mapping[str, UnaryBehaviour | StreamBehaviour],
    context: Services,
    edge: Edge = DEFAULT_EDGE,
) -> dict[str, Any]:
    """Handlers by path for every method of every service of the contract.

    `free` has the methods of services that belong to no kind, by path. Raises StartupError for a method without
    behaviour and for a behaviour without method.
    """
    handlers: dict[str, Any] = {}
    used: set[str] = set()
    for method in _all_methods():
        handlers[method.path] = _handler(method, registry, free, context, used, edge)
    _refuse_unused(registry, free, used)
    return handlers


def _all_methods() -> Iterator[Method]:
    for service in services():
        yield from service_methods(service).values()


def _handler(
    method: Method,
    registry: ResourceRegistry,
    free: Mapping[str, UnaryBehaviour | StreamBehaviour],
    context: Services,
    used: set[str],
    edge: Edge,
) -> Any:
    used.add(method.path)
    kind = _kind_of(method)
    registration = registry.registration_of(kind) if kind else None
    if registration and method.name in registration.streams:
        return edge.stream(method, partial(registration.streams[method.name], context))
    if registration and method.name in registration.unary:
        return edge.unary(method, partial(registration.unary[method.name], context))
    if method.path in free and method.server_streaming:
        return edge.stream(method, partial(cast("StreamBehaviour", free[method.path]), context))
    if method.path in free:
        return edge.unary(method, partial(cast("UnaryBehaviour", free[method.path]), context))
    if method.path in WITHOUT_BEHAVIOUR:
        return edge.unary(method, partial(_refuse_later, method.path))
    generic = _generic(kind, method, context, registry) if kind else None
    if generic is None:
        raise StartupError(f"{method.path} has no behaviour and is not listed as being without")
    return edge.unary(method, generic)


def _generic(kind: Kind, method: Method, context: Services, registry: ResourceRegistry) -> Bound | None:
    controller = context.controller
    simple: dict[str, Callable[[Kind, Any], Awaitable[Message | bytes]]] = {
        "create": controller.create,
        "update": controller.update,
        "apply": controller.apply,
        "updateVisibility": controller.update_visibility,
        "getByReference": controller.get_by_reference,
    }
    if method.name in simple:
        return partial(simple[method.name], kind)
    if method.name in {"get", "delete"}:
        return _by_id(kind, method, controller)
    if method.name == "list" or method.name.startswith(("listBy", "getBy")):
        return partial(ListMethod.bind(kind, method, registry.strategy_of(kind).queryable, frozenset()), controller)
    return None


def _by_id(kind: Kind, method: Method, controller: Controller) -> Bound:
    names = [name for name in ("value", "resource_id") if name in method.request.DESCRIPTOR.fields_by_name]
    if len(names) != 1:
        raise StartupError(f"{method.path}: its request names no id")

    async def get(request: Any) -> Message | bytes:
        return await controller.get(kind, getattr(request, names[0]))

    async def delete(request: Any) -> Message | bytes:
        return await controller.delete(kind, getattr(request, names[0]), force=getattr(request, "force", False))

    return get if method.name == "get" else delete


def _kind_of(method: Method) -> Kind | None:
    for kind in KINDS:
        if method.service in {kind.command_service, kind.query_service}:
            return kind
    return None


def _refuse_unused(
    registry: ResourceRegistry, free: Mapping[str, UnaryBehaviour | StreamBehaviour], used: set[str]
) -> None:
    """A behaviour that no method reaches is a typing error, not a feature."""
    unused = [path for path in (*free, *WITHOUT_BEHAVIOUR) if path not in used]
    for kind in registry.kinds():
        registration = registry.registration_of(kind)
        verbs = {path.rpartition("/")[2] for path in used if path.startswith(f"/{kind.package}.{kind.name}")}
        unused += [f"{kind.name}.{verb}" for verb in (*registration.unary, *registration.streams) if verb not in verbs]
    if unused:
        raise StartupError(f"behaviour for methods that the contract does not have: {', '.join(unused)}")


async def _refuse_later(path: str, _request: Any) -> Message:
    raise Unimplemented(_LATER.format(method=path.lstrip("/")), reason="NOT_IMPLEMENTED")


async def _refuse_left_out(path: str, _requests: Any, context: Any) -> None:
    await abort(context, Unimplemented(_LEFT_OUT.format(method=path.lstrip("/")), reason="LEFT_OUT"), "")
