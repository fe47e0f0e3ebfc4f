"""Which kind behaves how: strategies and custom methods by kind, refused when contradictory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stigmer_api.kinds import KINDS, Kind
from stigmer_server.errors import StartupError
from stigmer_server.resources.strategy import ResourceStrategy

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from stigmer_server.artifacts.files import ArtifactFiles
    from stigmer_server.executions.temporal import TemporalLink
    from stigmer_server.resources.controller import Controller
    from stigmer_server.watch.broker import Broker
    from stigmer_store import Repository

__all__ = ["Registration", "ResourceRegistry", "Services", "StreamBehaviour", "UnaryBehaviour"]


@dataclass(frozen=True, slots=True)
class Services:
    """What a custom method may use."""

    repository: Repository
    controller: Controller
    broker: Broker
    temporal: TemporalLink
    artifacts: ArtifactFiles


UnaryBehaviour = Callable[[Services, Any], Awaitable["Message | bytes"]]
"""(services, request) -> response message, or its serialised bytes."""

StreamBehaviour = Callable[[Services, Any], AsyncGenerator[bytes, None]]
"""(services, request) -> serialised responses."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A kind with behaviour: its strategy, and the methods that are not generic (verb -> behaviour)."""

    kind: Kind
    strategy: ResourceStrategy
    unary: Mapping[str, UnaryBehaviour] = field(default_factory=dict)
    streams: Mapping[str, StreamBehaviour] = field(default_factory=dict)


class ResourceRegistry:
    """Registrations by kind; a kind without one behaves like every other."""

    def __init__(self, registrations: Iterable[Registration]) -> None:
        self._by_key: dict[str, Registration] = {}
        for item in registrations:
            if item.kind.key in self._by_key:
                raise StartupError(f"kind {item.kind.name} is registered twice")
            both = item.unary.keys() & item.streams.keys()
            if both:
                raise StartupError(f"{item.kind.name}: {', '.join(sorted(both))} is unary and a stream")
            self._by_key[item.kind.key] = item
        self._plain = ResourceStrategy()

    def strategy_of(self, kind: Kind) -> ResourceStrategy:
        """The strategy of a kind."""
        found = self._by_key.get(kind.key)
        return self._plain if found is None else found.strategy

    def registration_of(self, kind: Kind) -> Registration:
        """The registration of a kind, empty when it has none."""
        return self._by_key.get(kind.key) or Registration(kind, self._plain)

    def kinds(self) -> tuple[Kind, ...]:
        """Every kind of the contract."""
        return KINDS
