"""Methods that the contract declares and this version answers with UNIMPLEMENTED. A method leaves it when it works."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["WITHOUT_BEHAVIOUR"]

_BY_SERVICE: Mapping[str, tuple[str, ...]] = {}

WITHOUT_BEHAVIOUR: frozenset[str] = frozenset(
    f"/ai.stigmer.agentic.{service}/{name}" for service, names in _BY_SERVICE.items() for name in names
)
"""Paths of those methods."""
