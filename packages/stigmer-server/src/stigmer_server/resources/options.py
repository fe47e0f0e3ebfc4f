"""What a call asks for beside its request, in its metadata: a dry run, and force. In force while the call is served."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stigmer_api.client import DRY_RUN, DRY_RUN_AFTER, FORCE
from stigmer_api.errors import InvalidArgument

if TYPE_CHECKING:
    from stigmer_api.methods import Method

__all__ = ["CallOptions", "options", "serve_with_options"]

_REHEARSABLE = frozenset({"create", "apply", "update", "delete"})
_KEYS = frozenset({DRY_RUN, DRY_RUN_AFTER, FORCE})
_PARTS = 3
_VALUES = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The options of one call. `after`: (kind key, org, slug) of what a dry run takes as being there."""

    dry_run: bool = False
    force: bool = False
    after: frozenset[tuple[str, str, str]] = frozenset()


_NONE = CallOptions()
_current: ContextVar[CallOptions] = ContextVar("call_options", default=_NONE)


def options() -> CallOptions:
    """The options of the call that is being served; the default ones in the background."""
    return _current.get()


def serve_with_options(method: Method, metadata: Any) -> None:
    """Put the options of a call in force for this task, which is its own.

    Raises InvalidArgument for those that it cannot follow.
    """
    found = {key: value for key, value in metadata or () if key in _KEYS}
    if found:
        _current.set(_given(method, found))


def _given(method: Method, found: dict[str, Any]) -> CallOptions:
    given = CallOptions(_flag(DRY_RUN, found), _flag(FORCE, found), _names(found.get(DRY_RUN_AFTER, "")))
    if given.after and not given.dry_run:
        raise InvalidArgument(f"metadata {DRY_RUN_AFTER} is only for a dry run: send {DRY_RUN}", reason="BAD_METADATA")
    if given.dry_run and "Command" in method.service and method.name not in _REHEARSABLE:
        raise InvalidArgument(
            f"{method.name} cannot be tried without being done: {DRY_RUN} is for {', '.join(sorted(_REHEARSABLE))}",
            reason="DRY_RUN_UNSUPPORTED",
        )
    return given


def _flag(name: str, found: dict[str, Any]) -> bool:
    text = found.get(name, "false")
    if text not in _VALUES:
        raise InvalidArgument(f"metadata {name} must be true or false", reason="BAD_METADATA")
    return _VALUES[text]


def _names(text: str) -> frozenset[tuple[str, str, str]]:
    found = set()
    for name in filter(None, text.split(",")):
        parts = name.split("/")
        if len(parts) != _PARTS:
            raise InvalidArgument(
                f"metadata {DRY_RUN_AFTER} must be kind/org/slug with commas between, not {name[:100]!r}",
                reason="BAD_METADATA",
            )
        found.add((parts[0], parts[1], parts[2]))
    return frozenset(found)
