"""The call under way: who makes it, under which request id, and what it has changed so far."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Call", "Mutation", "current_call", "serve_call"]


class Mutation(NamedTuple):
    """One resource before and after a committed transaction. Revision 0: it was not there, or is not any more."""

    kind: str
    id: str
    operation: str
    revision_before: int
    revision_after: int


@dataclass(slots=True)
class Call:
    """One RPC. `mutations` are those that are committed."""

    method: str
    request_id: str
    peer: str
    mutations: list[Mutation] = field(default_factory=list)


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call | None:
    """The call that this code runs for; None for the server's own work."""
    return _current.get()


def serve_call(call: Call) -> None:
    """Make this the call of whatever this task does: gRPC runs each call in a task of its own."""
    _current.set(call)
