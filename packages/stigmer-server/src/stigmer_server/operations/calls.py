"""The call under way: who makes it, under which request id, and what it has changed so far."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Call", "Mutation", "current_call", "serving_call"]


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


class serving_call:  # noqa: N801 - used as a function; a generator would cost three times as much for every call
    """Make this the call of whatever the block awaits."""

    __slots__ = ("_call", "_token")

    def __init__(self, call: Call) -> None:
        self._call = call

    def __enter__(self) -> None:
        self._token = _current.set(self._call)

    def __exit__(self, *_raised: object) -> None:
        _current.reset(self._token)
